package graph

// This file finds properties by the names that queries use.

// naming is how names of properties are compared: without regard to case, unless exact.
type naming struct{ exact bool }

// find returns the name as the reference spells it.
func (n naming) find(name string) (spelled string, known bool) {
	spelled, known = canonical(name)
	if n.exact && spelled != name {
		return name, false
	}
	return spelled, known
}

// sortable returns the name and the kind of a property that can be filtered and sorted by, which all except content can.
func (n naming) sortable(name string) (spelled string, of kind, err error) {
	spelled, known := n.find(name)
	switch {
	case !known:
		return "", 0, textErrorf("%s", noProperty(name))
	case properties[spelled].kind == binaryKind:
		return "", 0, textErrorf("The property '%s' cannot be used in the $filter or $orderby query option.", spelled)
	}
	return spelled, properties[spelled].kind, nil
}

func noProperty(name string) string {
	return "Could not find a property named '" + name + "' on type '" + typeName + "'."
}
