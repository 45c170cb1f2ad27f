package sync

import "github.com/smintecm/sdk/rightsmap"

// renderings are the statement in the vocabularies that others read.
func renderings(s rightsmap.Statement) (odrl, xmp []byte, err error) {
	return nil, nil, nil
}
