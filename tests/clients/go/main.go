// SPDX-License-Identifier: Apache-2.0

// A program as others have: it launches and drives microVMs by Firecracker's own Go SDK, unchanged, with skiff in
// Firecracker's place. It prints a line for each step, and ends with 1 at the first that goes wrong.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	firecracker "github.com/firecracker-microvm/firecracker-go-sdk"
	models "github.com/firecracker-microvm/firecracker-go-sdk/client/models"
	ops "github.com/firecracker-microvm/firecracker-go-sdk/client/operations"
)

var (
	binary   = flag.String("firecracker", "", "the program in Firecracker's place")
	payloads = flag.String("payloads", "", "the folder of the guests")
	folder   = flag.String("folder", "", "where sockets and files may be")
	disk     = flag.String("disk", "", "a disk with the pattern of seed 1")
	tap      = flag.String("tap", "", "a TAP; without it, no network guest")
)

func step(text string) { fmt.Println("step:", text) }

func check(err error, what string) {
	if err != nil {
		fmt.Printf("failed: %s: %v\n", what, err)
		os.Exit(1)
	}
}

func expect(holds bool, what string, got interface{}) {
	if !holds {
		fmt.Printf("failed: %s: got %v\n", what, got)
		os.Exit(1)
	}
}

// version reads the program's version as the SDK's own users do: the first line, "Firecracker v1.2.3".
func version() {
	output, err := exec.Command(*binary, "--version").Output()
	check(err, "--version")
	line := strings.SplitN(string(output), "\n", 2)[0]
	expect(regexp.MustCompile(`^Firecracker v\d+\.\d+\.\d+$`).MatchString(line), "version", line)
	step(line)
}

// hostTemplate is what users of the SDK send on Intel hosts.
func hostTemplate() models.CPUTemplate {
	text, err := os.ReadFile("/proc/cpuinfo")
	check(err, "cpuinfo")
	if strings.Contains(string(text), "GenuineIntel") {
		return models.CPUTemplate(models.CPUTemplateT2)
	}
	return ""
}

func baseConfig(name, payload, arguments string) firecracker.Config {
	return firecracker.Config{
		SocketPath:      filepath.Join(*folder, name+".sock"),
		LogFifo:         filepath.Join(*folder, name+".log"),
		LogLevel:        "Info",
		MetricsPath:     filepath.Join(*folder, name+".metrics"),
		KernelImagePath: filepath.Join(*payloads, payload+".elf"),
		KernelArgs:      arguments,
		VMID:            name,
		MachineCfg: models.MachineConfiguration{
			VcpuCount:   firecracker.Int64(1),
			MemSizeMib:  firecracker.Int64(128),
			Smt:         firecracker.Bool(false),
			CPUTemplate: hostTemplate(),
		},
	}
}

// lifeCycle: described, started, paused, resumed, stopped by a signal.
func lifeCycle(ctx context.Context) {
	guest := launch(ctx, baseConfig("life", "power_button", ""))
	guest.console.expect("waiting for the power button")
	guest.expectState(ctx, "Running")
	told, err := guest.machine.GetFirecrackerVersion(ctx)
	check(err, "GetFirecrackerVersion")
	expect(regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(told), "the version told", told)
	for i := 0; i < 3; i++ {
		check(guest.machine.PauseVM(ctx), "PauseVM")
		guest.expectState(ctx, "Paused")
		check(guest.machine.ResumeVM(ctx), "ResumeVM")
		guest.expectState(ctx, "Running")
	}
	guest.log.expect("[life:")
	step("paused and resumed")
	check(guest.machine.StopVMM(), "StopVMM")
	guest.wait(ctx)
	metrics, err := os.ReadFile(guest.machine.Cfg.MetricsPath)
	check(err, "the metrics")
	expect(strings.Contains(string(metrics), "\"utc_timestamp_ms\""), "a line of metrics at the end", string(metrics))
	step("stopped by StopVMM")
}

// shutdown: the guest sees Ctrl-Alt-Del, and ends.
func shutdown(ctx context.Context) {
	guest := launch(ctx, baseConfig("keys", "keyboard", ""))
	guest.console.expect("waiting for keys")
	check(guest.machine.Shutdown(ctx), "Shutdown")
	guest.wait(ctx)
	guest.console.expect("key 0x53")
	step("shut down by Ctrl-Alt-Del")
}

// balloon: made before the start, sized while the guest runs, with statistics.
func balloon(ctx context.Context) {
	guest := prepare(ctx, baseConfig("balloon", "virtio_balloon", "area=4096"))
	guest.machine.Handlers.FcInit = guest.machine.Handlers.FcInit.AppendAfter(
		firecracker.CreateMachineHandlerName, firecracker.NewCreateBalloonHandler(4, true, 1))
	guest.start(ctx)
	guest.console.expect("balloon features")
	guest.say("follow")
	guest.console.expect("follow to 1024")
	guest.say("follow")
	guest.console.expect("follow from 1024")
	check(guest.machine.UpdateBalloon(ctx, 8), "UpdateBalloon")
	guest.console.expect("follow to 2048")
	config, err := guest.machine.GetBalloonConfig(ctx)
	check(err, "GetBalloonConfig")
	expect(*config.AmountMib == 8, "the balloon's size", *config.AmountMib)
	guest.say("statistics 104857600 209715200")
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		stats, err := guest.machine.GetBalloonStats(ctx)
		check(err, "GetBalloonStats")
		if stats.FreeMemory == 104857600 && *stats.ActualMib == 8 {
			break
		}
		expect(time.Now().Before(deadline), "the balloon's statistics in time", stats.FreeMemory)
	}
	check(guest.machine.UpdateBalloonStats(ctx, 2), "UpdateBalloonStats")
	guest.say("end")
	guest.wait(ctx)
	step("balloon sized")
}

// limits: a disk that lets one request through an hour, until the limit is lifted.
func limits(ctx context.Context) {
	config := baseConfig("disk", "virtio_block", "read:0:8:1 read:8:8:1 read:16:8:1")
	oneAnHour := firecracker.TokenBucketBuilder{}.WithBucketSize(1).WithRefillDuration(time.Hour).Build()
	none := firecracker.TokenBucketBuilder{}.WithBucketSize(0).WithRefillDuration(0).Build()
	config.Drives = []models.Drive{{
		DriveID: firecracker.String("data"), PathOnHost: disk, IsReadOnly: firecracker.Bool(true),
		IsRootDevice: firecracker.Bool(false), RateLimiter: firecracker.NewRateLimiter(none, oneAnHour),
	}}
	guest := launch(ctx, config)
	// The SDK gives the kernel its words in any order.
	guest.console.expect("content ok")
	expect(guest.console.count("read:") == 1, "the limit holds", guest.console.all())
	check(guest.machine.UpdateGuestDrive(ctx, "data", *disk, func(parameters *ops.PatchGuestDriveByIDParams) {
		parameters.Body.RateLimiter = firecracker.NewRateLimiter(none, none)
	}), "UpdateGuestDrive")
	guest.wait(ctx)
	expect(guest.console.count("content ok") == 3, "all is read in the end", guest.console.all())
	step("rate limit lifted")
}

// network: frames through a TAP, with limits that are changed.
func network(ctx context.Context) {
	if *tap == "" {
		return
	}
	config := baseConfig("net", "virtio_net", "send:20:1514")
	oneAnHour := firecracker.TokenBucketBuilder{}.WithBucketSize(1).WithRefillDuration(time.Hour).Build()
	none := firecracker.TokenBucketBuilder{}.WithBucketSize(0).WithRefillDuration(0).Build()
	config.NetworkInterfaces = firecracker.NetworkInterfaces{{
		StaticConfiguration: &firecracker.StaticNetworkConfiguration{
			MacAddress: "02:00:00:00:00:02", HostDevName: *tap},
		OutRateLimiter: firecracker.NewRateLimiter(none, oneAnHour),
	}}
	guest := launch(ctx, config)
	guest.expectState(ctx, "Running")
	unlimited := firecracker.RateLimiterSet{InRateLimiter: firecracker.NewRateLimiter(none, none),
		OutRateLimiter: firecracker.NewRateLimiter(none, none)}
	check(guest.machine.UpdateGuestNetworkInterfaceRateLimit(ctx, "1", unlimited), "network limits")
	guest.wait(ctx)
	guest.console.expect("send:20:1514: ")
	step("frames sent")
}

func main() {
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	version()
	lifeCycle(ctx)
	shutdown(ctx)
	balloon(ctx)
	limits(ctx)
	network(ctx)
	step("done")
}
