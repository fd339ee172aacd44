package policy

import "encoding/json"

// MarshalJSON writes the document of a bucket as it is stored: a JSON string of
// the text, so that it is given back to the letter.
func (d *Document) MarshalJSON() ([]byte, error) { return json.Marshal(string(d.text)) }

// UnmarshalJSON reads what MarshalJSON wrote, as the policy of a bucket.
func (d *Document) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	parsed, err := Parse(Resource, []byte(text))
	if err != nil {
		return err
	}
	*d = *parsed
	return nil
}
