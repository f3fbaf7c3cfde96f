package main

import (
	"encoding/json"
	"fmt"
)

// rows are records for CSV, with the names and the values that JSON has.
func rows(records []*record) [][]string {
	names := []string{"id", "status", "subject", "issuer", "expirationDateTime", "uploadDateTime", "daysLeft", "thumbprint", "isDeployed", "matchedBy"}
	rows := [][]string{names}
	for _, r := range records {
		var values map[string]any
		document, _ := json.Marshal(r)
		_ = json.Unmarshal(document, &values)
		row := make([]string, len(names))
		for i, name := range names {
			if values[name] != nil {
				row[i] = fmt.Sprint(values[name])
			}
		}
		rows = append(rows, row)
	}
	return rows
}
