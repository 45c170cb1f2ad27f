package records_test

import (
	"fmt"
	"time"

	"github.com/smintecm/sdk/records"
)

// Names follow from the ids of the source alone, so a record that is declared
// again has the same name in the same folder.
func ExampleRecordKey() {
	key, err := records.NewPurchaseKey(records.MustScopeID("acme"), "79468", "1", 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key)
	fmt.Println(key.Folder(), "/", key.NodeName())
	// Output:
	// acme/purchase/79468/1/2
	// f2 / 79468-1-v2 [4e987f059ccb4109]
}

// A record must stay while a hold stands, whatever its schedule says.
func ExampleCanDispose() {
	record := records.Record{
		Key:   records.MustRecordKey("acme/purchase/79468/1/2"),
		State: records.StateFinal,
		Class: records.Classification{ID: "551", Schedules: []string{"MKT-7"}},
		Schedule: records.Schedule{Name: "MKT-7", Stages: []records.Stage{{
			Code: "10", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 7}, Action: records.ActionDestroy,
		}}},
		Dates: map[string]records.Date{"created": records.MustDate("2020-02-29")},
		Holds: records.Holds(records.Hold{ID: records.MustHoldID("13"), Matter: "Miller v. Acme"}),
	}
	fmt.Println(records.CanDispose(record, records.ActionDestroy, records.MustDate("2027-03-01")))
	record.Holds = records.NoHolds()
	fmt.Println(records.CanDispose(record, records.ActionDestroy, records.MustDate("2027-02-28")))
	fmt.Println(records.CanDispose(record, records.ActionDestroy, records.MustDate("2027-03-01")))
	// Output:
	// records: destroy acme/purchase/79468/1/2: holds: 13 (Miller v. Acme): on hold
	// records: destroy acme/purchase/79468/1/2 on 2027-02-28: 2027-03-01: 7 years after created on 2020-02-29: retention has not ended
	// <nil>
}

// What will clash is known long before its day.
func ExampleCalendar_Conflicts() {
	calendar := records.Calendar{
		Rights: []records.RightsWindow{{Name: "license 79468", Until: time.Date(2027, 5, 6, 0, 0, 0, 0, time.UTC)}},
		Schedule: records.Schedule{Name: "MKT-7", Stages: []records.Stage{{
			Code: "10", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 7}, Action: records.ActionDestroy,
		}}},
		Dates: map[string]records.Date{"created": records.MustDate("2025-05-06")},
		Holds: records.NoHolds(),
	}
	for _, c := range calendar.Conflicts() {
		fmt.Println(c)
	}
	// Output:
	// 2027-05-06 license ends before retention: use under license 79468 must stop on 2027-05-06 while the record stays: 2032-05-06: 7 years after created on 2025-05-06
}
