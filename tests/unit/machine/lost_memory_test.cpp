// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/lost_memory.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <functional>

#include "base/guest_memory.h"
#include "base/units.h"

namespace {

using skiff::GuestAddress;
using skiff::GuestMemory;
using skiff::kPageSize;

/// What became of a child process that ran `act`.
int status_of_child(const std::function<void()>& act) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(STDERR_FILENO);
        act();
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

/// A page of guest memory behind a file that has been truncated.
GuestMemory lost_memory() {
    const std::array ranges = {skiff::GuestRange{GuestAddress(0), 4 * kPageSize}};
    auto memory = GuestMemory::create(ranges, {});
    REQUIRE(memory.ok());
    const skiff::UniqueFd file(::memfd_create("kernel", MFD_CLOEXEC));
    REQUIRE(::ftruncate(file.get(), kPageSize) == 0);
    REQUIRE(memory->map_file(GuestAddress(kPageSize), file.get(), 0, kPageSize, "kernel").ok());
    REQUIRE(::ftruncate(file.get(), 0) == 0);
    return std::move(*memory);
}

}  // namespace

TEST_CASE("A device that touches guest memory which is gone ends the process with status 1") {
    const GuestMemory memory = lost_memory();
    const int status = status_of_child([&memory] {
        const skiff::machine::LostMemoryReport report(memory);
        static_cast<void>(memory.read<std::uint32_t>(GuestAddress(kPageSize)));
    });
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 1);
}

TEST_CASE("A bus error that has nothing to do with guest memory stays what it is") {
    const GuestMemory memory = lost_memory();
    const GuestMemory other = lost_memory();
    const int status = status_of_child([&] {
        std::signal(SIGBUS, SIG_DFL);
        const skiff::machine::LostMemoryReport report(memory);
        static_cast<void>(other.read<std::uint32_t>(GuestAddress(kPageSize)));
    });
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGBUS);
}
