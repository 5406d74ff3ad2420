package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"settled/cmd/settled/internal/doctor"
)

// Devices is what the seat's devices say of themselves.
type Devices interface {
	doctor.Source
	// Changes gives a signal after each change, and one at the start; leave ends it and
	// may be called twice.
	Changes() (changes <-chan struct{}, leave func())
}

// deviceList is how the devices are.
type deviceList struct {
	Devices []doctor.Check `json:"devices"`
}

type devicesOutput struct{ Body deviceList }

func (s *Server) devices(api huma.API) {
	register(api, operation{
		id: "devices", method: http.MethodGet, path: "/v1/devices", roles: everyone, status: http.StatusOK,
		summary: "How the seat's devices are: readers with their roles and what lies in them, PSAM or HSM, printer; what is wrong, and what mends it.",
	}, func(ctx context.Context, _ Grant, _ *struct{}) (*devicesOutput, error) {
		return &devicesOutput{s.deviceList(ctx)}, nil
	})
}

func (s *Server) deviceList(ctx context.Context) deviceList {
	list := deviceList{Devices: []doctor.Check{}}
	if s.options.Devices != nil {
		list.Devices = append(list.Devices, s.options.Devices.Checks(ctx)...)
		doctor.Sort(list.Devices)
	}
	return list
}

func (s *Server) watchDevices() (changes <-chan struct{}, leave func()) {
	if s.options.Devices == nil {
		return nil, func() {}
	}
	return s.options.Devices.Changes()
}
