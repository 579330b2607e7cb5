SELECT r.item, r.author, r.approver FROM runs AS r LEFT JOIN bank AS b ON b.ref = r.run
