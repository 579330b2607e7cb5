-- Reviewers of each change, as the review system recorded them.
WITH lines AS (
  SELECT item, author_name, author_email,
         unnest(regexp_extract_all(message, '(?m)^Reviewed-by: [^\n]*')) AS line
  FROM changes
),
reviews AS (
  SELECT item,
         count(*) AS reviewers,
         sum(CASE WHEN lower(regexp_extract(line, '<([^>]*)>', 1)) <> author_email
                   AND trim(regexp_extract(line, '^Reviewed-by: ([^<]*)', 1)) <> author_name
                  THEN 1 ELSE 0 END) AS others
  FROM lines
  GROUP BY item
)
SELECT c.item, c.sha, c.author_email, c.commit_date,
       coalesce(r.reviewers, 0) AS reviewers,
       coalesce(r.others, 0) AS others
FROM changes AS c
LEFT JOIN reviews AS r ON r.item = c.item
