// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "tests/support/counting_irq_line.h"
#include "tests/support/driver_queue.h"
#include "tests/support/mmio_driver.h"
#include "tests/support/temporary_folder.h"
#include "virtio/mmio/mmio_transport.h"
#include "virtio/vsock/vsock_device.h"

namespace skiff::test {

/// A socket device behind a transport, with a guest that sends what packets a test wants, and the
/// host's programs on its other side. The loop runs when the test says so, or run() is called.
class VsockGuest {
  public:
    static constexpr std::uint32_t kCid = 5;
    static constexpr std::uint16_t kEntries = 128;
    static constexpr std::uint32_t kBufferBytes = 4096;
    static constexpr std::uint32_t kGuestCredit = 64 * 1024;

    using PacketHeader = virtio::vsock::PacketHeader;
    using Op = virtio::vsock::Op;

    struct Packet {
        PacketHeader header;
        Bytes payload;
        Op op() const { return Op{header.op}; }
    };

    explicit VsockGuest(const virtio::vsock::VsockLimits& limits = {});

    /// The driver's whole start, after a reset; no receive buffer yet.
    void start();
    void run() { loop.run_until_idle(); }

    // The guest.

    /// A header as the guest writes it, with credit and without payload.
    static PacketHeader header(Op op, std::uint32_t host_port, std::uint32_t guest_port,
                               std::uint32_t flags = 0);
    static PacketHeader data_header(std::uint32_t host_port, std::uint32_t guest_port,
                                    std::size_t bytes);
    /// Puts a packet on the queue, tells the device, and lets it work.
    void send(const PacketHeader& packet, const Bytes& payload = {});
    /// Only puts it on the queue.
    void put(const PacketHeader& packet, const Bytes& payload = {});
    void notify(std::uint32_t queue);
    void give_buffers(unsigned count, std::uint32_t bytes = kBufferBytes);
    /// The next packet that came; nothing where none did.
    std::optional<Packet> take();
    /// All that came, by op, in order: "RESPONSE", "RW 5", "SHUTDOWN 3".
    std::vector<std::string> take_all();
    bool broken();

    // The host.

    std::string socket_path() const { return folder_.path() + "/v.sock"; }
    /// A connected client, which has sent nothing.
    UniqueFd connect();
    /// A client that wants this port of the guest.
    UniqueFd connect(std::uint32_t guest_port);
    /// Somebody who listens for the guest's connections to `port`.
    UniqueFd listen(std::uint32_t port, int backlog = 128) const;
    /// The connection that has come; not valid where none has.
    static UniqueFd accept(const UniqueFd& listener);
    static void write(const UniqueFd& fd, const Bytes& bytes);
    /// What there is to read, which need not be all that was sent.
    static Bytes read(const UniqueFd& fd, std::size_t most = 1 << 20);
    /// Whether the other end has ended, with nothing left to read.
    static bool at_end(const UniqueFd& fd);

  private:
    TemporaryFolder folder_;

  public:
    GuestMemory memory;
    EventLoop loop = std::move(EventLoop::create()).value();
    CountingIrqLine line;
    std::unique_ptr<virtio::mmio::MmioTransport> transport;
    std::optional<MmioDriver> driver;
    std::array<std::unique_ptr<DriverQueue>, 3> queues;
    virtio::vsock::VsockDevice& device() { return *device_; }

  private:
    std::array<EventLoop*, 1> loops_ = {&loop};
    virtio::vsock::VsockDevice* device_ = nullptr;
    std::map<std::uint32_t, SubmittedChain> buffers_;  // by head
};

Bytes text_bytes(const std::string& text);
std::string text_of(const Bytes& bytes);

}  // namespace skiff::test
