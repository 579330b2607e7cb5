-- For each step, what had happened to its request before it.
SELECT s.item, s.request, s.step, s.happened_at, s.activity, s.amount,
       s.activity = 'Payment Handled' AS is_payment,
       s.activity LIKE '%FINAL_APPROVED%' AS is_final,
       max(CASE WHEN s.activity LIKE '%FINAL_APPROVED%' THEN s.item END) OVER earlier AS final_item,
       max(CASE WHEN s.activity LIKE '%FINAL_APPROVED%' THEN s.happened_at END) OVER earlier AS final_at,
       max(CASE WHEN s.activity LIKE '%REJECTED%' THEN s.item END) OVER earlier AS rejected_item,
       max(CASE WHEN s.activity = 'Request Payment' THEN s.item END) OVER earlier AS requested_item,
       max(CASE WHEN s.activity LIKE '%APPROVED by ADMINISTRATION' THEN s.item END) OVER earlier AS checked_item,
       count(CASE WHEN s.activity = 'Payment Handled' THEN 1 END) OVER (PARTITION BY s.request) AS payments
FROM steps AS s
WINDOW earlier AS (
  PARTITION BY s.request ORDER BY s.item
  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
