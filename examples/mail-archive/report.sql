SELECT strftime(published_at, '%Y-%m-%d %H:%M') AS utc, metadata['from'] AS sender, title AS subject, language
FROM records
ORDER BY published_at
