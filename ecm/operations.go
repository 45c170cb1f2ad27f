package ecm

import (
	"reflect"
)

// Operation is one of the vendor's operations that this package sends.
type Operation struct {
	// Name is the service and method that sends it, as "Nodes.Get".
	Name string
	// Method and Template are the vendor's, the template below "/api".
	Method, Template string
}

// Operations lists every operation that this package sends, in the order of
// its table of routes: for permissions, dashboards and reviews.
func Operations() []Operation {
	table := reflect.ValueOf(routes)
	list := make([]Operation, 0, table.NumField())
	for i := range table.NumField() {
		name := table.Field(i).FieldByName("Name").String()
		list = append(list, Operation{Name: name, Method: table.Field(i).FieldByName("Method").String(), Template: table.Field(i).FieldByName("Template").String()})
	}
	return list
}
