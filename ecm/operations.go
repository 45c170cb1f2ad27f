package ecm

import (
	"reflect"

	"github.com/smintecm/sdk/internal/rest"
)

// Operation is one of the vendor's operations that this package sends.
type Operation struct {
	// Name is the service and method that sends it, as "Nodes.Get".
	Name string
	// Method and Template are the vendor's, the template below "/api".
	Method, Template string
	// Repeatable tells that a repeat does no harm. What is not is never sent
	// again by itself: without a verdict it is ErrOutcomeUnknown.
	Repeatable bool
}

// Operations lists every operation that this package sends, in the order of
// its table of routes: for permissions, dashboards and reviews.
func Operations() []Operation {
	table := reflect.ValueOf(routes)
	list := make([]Operation, 0, table.NumField())
	for i := range table.NumField() {
		row := func(name string) reflect.Value { return table.Field(i).FieldByName(name) }
		list = append(list, Operation{
			Name: row("Name").String(), Method: row("Method").String(), Template: row("Template").String(), Repeatable: row("Repeat").Int() == int64(rest.Harmless),
		})
	}
	return list
}
