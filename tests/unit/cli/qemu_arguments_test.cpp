// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/commands/qemu_arguments.h"

#include <catch2/catch.hpp>

#include <vector>

namespace skiff::cli {
namespace {

using Arguments = std::vector<const char*>;

QemuRequest parsed(const Arguments& arguments) {
    const auto request = parse_qemu_arguments(arguments);
    if (!request.ok()) {
        FAIL(request.error().message());
    }
    return *request;
}

}  // namespace

TEST_CASE("QEMU's arguments, as kvm-unit-tests gives them, describe a machine") {
    const auto config = parsed({"--no-reboot", "-nodefaults",
                                "-global",     "kvm-pit.lost_tick_policy=discard",
                                "-device",     "pc-testdev",
                                "-device",     "isa-debug-exit,iobase=0xf4,iosize=0x4",
                                "-vnc",        "none",
                                "-serial",     "stdio",
                                "-machine",    "accel=kvm",
                                "-kernel",     "x86/apic.flat",
                                "-initrd",     "env",
                                "-smp",        "2",
                                "-cpu",        "qemu64,+x2apic",
                                "-m",          "512",
                                "-append",     "one two"})
                            .options.config;
    CHECK(config.kernel_path == "x86/apic.flat");
    CHECK(config.initrd_path == "env");
    CHECK(config.modules == std::vector<boot::ModuleFile>{{"env", ""}});
    CHECK(config.whole_cmdline == "one two");
    CHECK(config.cpu_count == 2);
    CHECK(config.memory_bytes == 512 * kMiB);
    CHECK(config.testdev);
    CHECK(config.fw_cfg);
    CHECK(config.debug_exit_port == 0xf4);
    CHECK(config.pit == machine::MachineConfig::Pit::kDiscardsTicks);
    CHECK(config.grace.count() == 0);
    CHECK_FALSE(config.rng);
    CHECK(config.serial.kind == machine::SerialConfig::Kind::kStdio);
}

TEST_CASE("without arguments QEMU's own values hold") {
    const auto config = parsed({"-kernel", "k"}).options.config;
    CHECK(config.memory_bytes == 128 * kMiB);
    CHECK(config.cpu_count == 1);
    CHECK(config.whole_cmdline == "");
    CHECK(config.pit == machine::MachineConfig::Pit::kMakesUpTicks);
    CHECK_FALSE(config.testdev);
    CHECK_FALSE(config.debug_exit_port.has_value());
    CHECK(config.serial.kind == machine::SerialConfig::Kind::kStdio);
    CHECK(parsed({"-kernel", "k", "-nodefaults"}).options.config.serial.kind ==
          machine::SerialConfig::Kind::kNone);
    CHECK(parsed({"-kernel", "k", "-device", "isa-debug-exit"}).options.config.debug_exit_port ==
          0x501);
    CHECK(parsed({"-kernel", "k", "-smp", "cpus=3", "-m", "size=1G"}).options.config.cpu_count ==
          3);
}

TEST_CASE("a machine can be without a PIT, and what the CPU is anyway can be asked for") {
    using Pit = machine::MachineConfig::Pit;
    CHECK(parsed({"-kernel", "k", "-machine", "pit=off"}).options.config.pit == Pit::kNone);
    CHECK(parsed({"-kernel", "k", "-machine", "accel=kvm", "-machine", "pit=off", "-global",
                  "kvm-pit.lost_tick_policy=discard"})
              .options.config.pit == Pit::kNone);
    CHECK(parsed({"-kernel", "k", "-cpu", "max,host-phys-bits,migratable=no"})
              .options.config.kernel_path == "k");
}

TEST_CASE("lists, help and version need no kernel") {
    CHECK(parsed({"-device", "?"}).list == "device");
    CHECK(parsed({"-machine", "help"}).list == "machine");
    CHECK(parsed({"-nodefaults", "-cpu", "?"}).list == "cpu");
    CHECK(parsed({"--help"}).help);
    CHECK(parsed({"-version"}).version);
    CHECK_THAT(list_qemu("device"), Catch::Contains("\"pc-testdev\""));
}

TEST_CASE("what of QEMU's cannot be honoured is named") {
    const struct {
        Arguments arguments;
        const char* message;
    } cases[] = {
        {{"-drive", "file=a"}, "-drive: this argument of QEMU's is not there"},
        {{"disk.img"}, "disk.img: disk images are not taken"},
        {{"-kernel"}, "-kernel: needs a value"},
        {{"-kernel", "k", "-device", "pci-testdev"}, "-device: pci-testdev:"},
        {{"-kernel", "k", "-device", "isa-debug-exit,port=1"}, "port=1: isa-debug-exit takes"},
        {{"-kernel", "k", "-machine", "q35"}, "-machine: q35:"},
        {{"-kernel", "k", "-M", "pit=maybe"}, "-M: pit=maybe:"},
        {{"-kernel", "k", "-machine", "accel=tcg"}, "tcg: skiff runs guests by KVM"},
        {{"-kernel", "k", "-cpu", "host,-x2apic"}, "-cpu: -x2apic:"},
        {{"-kernel", "k", "-display", "gtk"}, "-display: gtk:"},
        {{"-kernel", "k", "-serial", "mon:stdio"}, "-serial: mon:stdio:"},
        {{"-kernel", "k", "-global", "a.b=c"}, "-global: a.b=c:"},
        {{"-kernel", "k", "-smp", "4,cores=2"}, "-smp: cores=2:"},
        {{"-kernel", "k", "-m", "1G,slots=2"}, "-m: slots=2:"},
        {{"-kernel", "k", "-smp", "0"}, "0 vCPUs"},
        {{"-smp", "1"}, "no kernel given"},
    };
    for (const auto& c : cases) {
        const auto request = parse_qemu_arguments(c.arguments);
        REQUIRE_FALSE(request.ok());
        CHECK(request.error().kind() == ErrorKind::kUser);
        CHECK_THAT(request.error().message(), Catch::Contains(c.message));
    }
}

TEST_CASE("fw_cfg files come in QEMU's two spellings") {
    const auto config =
        parsed({"-kernel", "k", "-fw_cfg", "opt/a,string=x", "-fw_cfg", "name=opt/b,file=f"})
            .options.config;
    REQUIRE(config.fw_cfg_files.size() == 2);
    CHECK(config.fw_cfg_files[0].name == "opt/a");
    CHECK(config.fw_cfg_files[0].text == "x");
    CHECK(config.fw_cfg_files[1].path == "f");
}

}  // namespace skiff::cli
