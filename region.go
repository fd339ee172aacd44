package keyhaven

import "regexp"

// Region is one of the regions that Lightsail lists.
type Region struct {
	Name        string
	DisplayName string
	Description string
	Continent   string
	Zones       []string
}

var regions = []Region{
	{Name: "us-east-1", DisplayName: "Virginia", Continent: "NA"},
	{Name: "us-east-2", DisplayName: "Ohio", Continent: "NA"},
	{Name: "us-west-1", DisplayName: "N. California", Continent: "NA"},
	{Name: "us-west-2", DisplayName: "Oregon", Continent: "NA"},
	{Name: "eu-west-1", DisplayName: "Ireland", Continent: "EU"},
	{Name: "eu-west-2", DisplayName: "London", Continent: "EU"},
	{Name: "eu-west-3", DisplayName: "Paris", Continent: "EU"},
	{Name: "eu-central-1", DisplayName: "Frankfurt", Continent: "EU"},
	{Name: "eu-north-1", DisplayName: "Stockholm", Continent: "EU"},
	{Name: "ca-central-1", DisplayName: "Montreal", Continent: "NA"},
	{Name: "ap-south-1", DisplayName: "Mumbai", Continent: "AS"},
	{Name: "ap-southeast-1", DisplayName: "Singapore", Continent: "AS"},
	{Name: "ap-southeast-2", DisplayName: "Sydney", Continent: "OC"},
	{Name: "ap-northeast-1", DisplayName: "Tokyo", Continent: "AS"},
	{Name: "ap-northeast-2", DisplayName: "Seoul", Continent: "AS"},
	{Name: "ap-southeast-3", DisplayName: "Jakarta", Continent: "AS"},
	{Name: "ap-southeast-5", DisplayName: "Malaysia", Continent: "AS"},
}

// Regions returns every region with its availability zones. Regions are
// logical: one server answers for all of them.
func Regions() []Region {
	out := make([]Region, len(regions))
	for i, r := range regions {
		r.Description = "This region is served by this installation under the name " + r.Name + "."
		for _, z := range "abc" {
			r.Zones = append(r.Zones, r.Name+string(z))
		}
		out[i] = r
	}
	return out
}

var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]+){1,4}$`)

// ValidRegionName reports whether name looks like a region: lower-case words
// of letters and digits joined by hyphens, at most 32 characters. Names outside
// Regions are allowed, as many clients call theirs "local" or "garage".
func ValidRegionName(name string) bool {
	return len(name) <= 32 && (regionName.MatchString(name) || simpleRegion.MatchString(name))
}

var simpleRegion = regexp.MustCompile(`^[a-z][a-z0-9]{1,31}$`)
