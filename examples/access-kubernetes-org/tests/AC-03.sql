-- The list at the end of the year, and whether a change is the last word on its
-- person, organization and role. A rename of case removes and adds in one
-- change; the addition counts.
WITH closing AS (
  SELECT organization, handle, 'member' AS role FROM members_2025
  UNION ALL
  SELECT organization, handle, 'admin' AS role FROM admins_2025
),
named AS (
  SELECT item, op, scope, role, subject, merged_at, file,
         CASE file
           WHEN 'config/etcd-io/org.yaml' THEN 'etcd-io'
           WHEN 'config/kubernetes/org.yaml' THEN 'Kubernetes'
           WHEN 'config/kubernetes-client/org.yaml' THEN 'Kubernetes Clients'
           WHEN 'config/kubernetes-csi/org.yaml' THEN 'Kubernetes CSI'
           WHEN 'config/kubernetes-incubator/org.yaml' THEN 'Kubernetes Incubator'
           WHEN 'config/kubernetes-nightly/org.yaml' THEN 'Kubernetes Nightly'
           WHEN 'config/kubernetes-retired/org.yaml' THEN 'Kubernetes Retired'
           WHEN 'config/kubernetes-sigs/org.yaml' THEN 'Kubernetes SIGs'
         END AS organization
  FROM grants
)
SELECT n.item, n.op, n.scope, n.role, n.subject, n.merged_at, n.organization,
       n.scope = 'org' AS in_scope,
       row_number() OVER (
         PARTITION BY n.scope, n.role, n.file, n.subject
         ORDER BY n.merged_at DESC, n.op, n.item DESC
       ) = 1 AS is_last,
       c.handle IS NOT NULL AS on_list
FROM named AS n
LEFT JOIN closing AS c
  ON n.scope = 'org' AND c.organization = n.organization AND c.role = n.role AND c.handle = n.subject
