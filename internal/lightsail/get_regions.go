package lightsail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lightsail"
	"github.com/aws/aws-sdk-go-v2/service/lightsail/types"

	"github.com/keyhaven/keyhaven"
)

func (d *Door) getRegions(_ context.Context, _ *call, in *lightsail.GetRegionsInput) (*lightsail.GetRegionsOutput, error) {
	out := &lightsail.GetRegionsOutput{}
	for _, r := range keyhaven.Regions() {
		out.Regions = append(out.Regions, types.Region{
			Name:                                types.RegionName(r.Name),
			DisplayName:                         new(r.DisplayName),
			Description:                         new(r.Description),
			ContinentCode:                       new(r.Continent),
			AvailabilityZones:                   zones(r, value(in.IncludeAvailabilityZones)),
			RelationalDatabaseAvailabilityZones: zones(r, value(in.IncludeRelationalDatabaseAvailabilityZones)),
		})
	}
	return out, nil
}

func zones(r keyhaven.Region, asked bool) []types.AvailabilityZone {
	out := []types.AvailabilityZone{}
	if asked {
		for _, z := range r.Zones {
			out = append(out, types.AvailabilityZone{ZoneName: new(z), State: new("available")})
		}
	}
	return out
}
