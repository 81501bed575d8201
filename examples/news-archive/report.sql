SELECT strftime(published_date, '%Y-%m') AS month, language, count(*) AS articles, sum(word_count)::INT AS words
FROM records
GROUP BY ALL
ORDER BY ALL
