// Package evidence builds, signs and verifies what proves a record: the record
// package (a BagIt bag with a signed in-toto statement) and the trail (an
// append-only Merkle log of intents and outcomes). Everything it writes can be
// checked offline, without this module and without trusting its authors.
package evidence
