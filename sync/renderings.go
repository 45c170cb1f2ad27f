package sync

import "github.com/smintecm/sdk/rightsmap"

// renderings are the statement in the vocabularies that others read, with what
// those cannot say.
func renderings(s rightsmap.Statement, combination rightsmap.Combination) (odrl, xmp []byte, findings []rightsmap.Finding, err error) {
	odrl, err = s.ODRL(rightsmap.ODRLOptions{Combination: combination})
	if err != nil {
		return nil, nil, nil, err
	}
	xmp, findings = s.XMP()
	return odrl, xmp, findings, nil
}
