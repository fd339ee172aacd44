package s3

import (
	"encoding/hex"
	"encoding/xml"
	"math/rand/v2"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/keyhaven/keyhaven"
)

// lifecycleRule is a rule as the wire has it.
type lifecycleRule struct {
	ID     string           `xml:"ID"`
	Status string           `xml:"Status"`
	Prefix *string          `xml:"Prefix"`
	Filter *lifecycleFilter `xml:"Filter"`

	Expiration *struct {
		Days    *int   `xml:"Days"`
		Date    string `xml:"Date"`
		Markers *bool  `xml:"ExpiredObjectDeleteMarker"`
	} `xml:"Expiration"`
	Noncurrent *struct {
		Days  *int `xml:"NoncurrentDays"`
		Newer *int `xml:"NewerNoncurrentVersions"`
	} `xml:"NoncurrentVersionExpiration"`
	Abort *struct {
		Days *int `xml:"DaysAfterInitiation"`
	} `xml:"AbortIncompleteMultipartUpload"`

	Transitions           []struct{} `xml:"Transition"`
	NoncurrentTransitions []struct{} `xml:"NoncurrentVersionTransition"`
}

type lifecycleConditions struct {
	Prefix *string `xml:"Prefix"`
	Tags   []struct {
		Key   string `xml:"Key"`
		Value string `xml:"Value"`
	} `xml:"Tag"`
	Above *int64 `xml:"ObjectSizeGreaterThan"`
	Below *int64 `xml:"ObjectSizeLessThan"`
}

func (f *lifecycleConditions) count() int {
	n := len(f.Tags)
	for _, there := range [...]bool{f.Prefix != nil, f.Above != nil, f.Below != nil} {
		if there {
			n++
		}
	}
	return n
}

type lifecycleFilter struct {
	lifecycleConditions
	And *lifecycleConditions `xml:"And"`

	Others []struct {
		XMLName xml.Name
	} `xml:",any"`
}

// lifecycle checks the document ("Lifecycle configuration elements", and the
// errors that the service answers).
func (req *lifecycleRequest) lifecycle() (*keyhaven.Lifecycle, error) {
	if len(req.Rules) == 0 {
		return nil, errMalformedXML
	}
	doc := &keyhaven.Lifecycle{Rules: make([]keyhaven.LifecycleRule, len(req.Rules))}
	ids := map[string]bool{}
	for i := range req.Rules {
		if err := req.Rules[i].rule(&doc.Rules[i]); err != nil {
			return nil, err
		}
		id := doc.Rules[i].ID
		if ids[id] {
			return nil, errInvalidArgument.with("Rule ID must be unique. Found same ID for more than one rule")
		}
		ids[id] = true
	}
	return doc, nil
}

func (w *lifecycleRule) rule(r *keyhaven.LifecycleRule) error {
	if len(w.Transitions) > 0 || len(w.NoncurrentTransitions) > 0 {
		return errNotImplemented.with("There is one storage class: lifecycle rules cannot transition objects.")
	}
	if utf8.RuneCountInString(w.ID) > keyhaven.MaxLifecycleID {
		return errInvalidArgument.with("ID length should not exceed allowed limit of 255")
	}
	if r.ID = w.ID; r.ID == "" {
		r.ID = newRuleID()
	}
	switch w.Status {
	case "Enabled":
		r.Enabled = true
	case "Disabled":
	default:
		return errMalformedXML
	}
	if err := w.filter(&r.Filter); err != nil {
		return err
	}
	if err := w.expiration(r); err != nil {
		return err
	}
	if err := w.others(r); err != nil {
		return err
	}
	if w.Expiration == nil && w.Noncurrent == nil && w.Abort == nil {
		return errInvalidRequest.with("At least one action needs to be specified in a rule.")
	}
	return nil
}

// newRuleID names a rule that came without an id.
func newRuleID() string {
	var b [18]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b[:])
}

func (w *lifecycleRule) filter(f *keyhaven.LifecycleFilter) error {
	if (w.Prefix == nil) == (w.Filter == nil) {
		return errMalformedXML
	}
	if w.Filter == nil {
		*f = keyhaven.LifecycleFilter{Prefix: w.Prefix, Bare: true}
		return checkPrefix(w.Prefix)
	}
	cond := &w.Filter.lifecycleConditions
	most := 1
	if w.Filter.And != nil {
		if cond.count() > 0 || w.Filter.And.count() < 2 {
			return errMalformedXML
		}
		cond, most, f.And = w.Filter.And, 1<<31, true
	}
	if cond.count() > most || len(w.Filter.Others) > 0 {
		return errMalformedXML
	}
	f.Prefix, f.Above, f.Below = cond.Prefix, cond.Above, cond.Below
	for _, t := range cond.Tags {
		for _, other := range f.Tags {
			if other.Key == t.Key {
				return errInvalidRequest.with("Duplicate Tag Keys are not allowed.")
			}
		}
		f.Tags = append(f.Tags, keyhaven.Tag{Key: t.Key, Value: t.Value, HasValue: true})
	}
	if err := keyhaven.ValidateObjectTags(f.Tags); err != nil {
		return err
	}
	switch {
	case f.Above != nil && *f.Above < 0 || f.Below != nil && *f.Below < 1:
		return errInvalidRequest.with("Object sizes of a filter must be positive.")
	case f.Above != nil && f.Below != nil && *f.Below <= *f.Above:
		return errInvalidRequest.with("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
	}
	return checkPrefix(f.Prefix)
}

func checkPrefix(p *string) error {
	if p != nil && len(*p) > keyhaven.MaxObjectKey {
		return errInvalidRequest.with("The maximum size of a prefix is 1024.")
	}
	return nil
}

// positive reads a number of days.
func positive(n *int, name, action string) (int, error) {
	switch {
	case n == nil:
		return 0, errMalformedXML
	case *n < 1:
		return 0, errInvalidArgument.with("'" + name + "' for " + action + " action must be a positive integer")
	}
	return *n, nil
}

func (w *lifecycleRule) expiration(r *keyhaven.LifecycleRule) (err error) {
	e := w.Expiration
	if e == nil {
		return nil
	}
	given := 0
	for _, there := range [...]bool{e.Days != nil, e.Date != "", e.Markers != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		return errMalformedXML
	case e.Days != nil:
		r.Days, err = positive(e.Days, "Days", "Expiration")
		return err
	case e.Markers != nil:
		if len(r.Filter.Tags) > 0 {
			return errInvalidRequest.with("ExpiredObjectDeleteMarker cannot be specified with Tags.")
		}
		r.ExpiredMarkers = *e.Markers
		return nil
	}
	if r.Date, err = parseDate(e.Date); err != nil {
		return errMalformedXML
	}
	if !r.Date.Equal(r.Date.Truncate(24 * time.Hour)) {
		return errInvalidArgument.with("'Date' must be at midnight GMT")
	}
	return nil
}

// parseDate reads an ISO 8601 date, with or without the time.
func parseDate(s string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err = time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return t, err
}

func (w *lifecycleRule) others(r *keyhaven.LifecycleRule) (err error) {
	if n := w.Noncurrent; n != nil {
		if r.NoncurrentDays, err = positive(n.Days, "NoncurrentDays", "NoncurrentVersionExpiration"); err != nil {
			return err
		}
		if n.Newer != nil {
			if *n.Newer < 1 || *n.Newer > keyhaven.MaxNewerNoncurrent {
				return errInvalidArgument.with("'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and " +
					strconv.Itoa(keyhaven.MaxNewerNoncurrent))
			}
			r.NewerNoncurrent = *n.Newer
		}
	}
	if w.Abort == nil {
		return nil
	}
	if !r.Filter.Plain() {
		return errInvalidRequest.with("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.")
	}
	r.AbortDays, err = positive(w.Abort.Days, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
	return err
}
