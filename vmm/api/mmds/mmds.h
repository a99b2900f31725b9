// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "virtio/net/frame_service.h"
#include "vmm/api/http/http_message.h"
#include "vmm/api/mmds/data_store.h"
#include "vmm/api/mmds/session_tokens.h"

namespace skiff::api {

/// The microVM metadata service (docs/api/mmds.md): a data store that the host's side writes, and
/// that the guest reads by HTTP. Any thread.
class Mmds {
  public:
    using Clock = SessionTokens::Clock;

    struct Settings {
        /// Version 2: the guest gets nothing without a session's token.
        bool needs_token = false;
        /// What the guest gets is text as of EC2's service, whatever it asks for.
        bool imds_compat = false;
    };

    /// How many bytes the data may have, as text without blanks, from the next change on.
    void set_max_bytes(std::size_t max_bytes);
    void set(const Settings& settings);
    Result<void> put(JsonValue data);
    Result<void> patch(const JsonValue& patch);
    /// The data, as JSON.
    std::string text() const;

    /// Answers a request of the guest's.
    HttpAnswer answer(const HttpRequest& request, Clock::time_point now);

  private:
    HttpAnswer get(const HttpRequest& request, Clock::time_point now) const;
    HttpAnswer make_token(const HttpRequest& request, Clock::time_point now);

    mutable std::mutex mutex_;
    // Guarded by mutex_:
    Settings settings_;
    DataStore store_;
    SessionTokens tokens_;
};

/// The same as something in a guest's network, at this address and the port of HTTP. It keeps
/// `mmds`.
std::unique_ptr<virtio::net::FrameService> serve_mmds(std::shared_ptr<Mmds> mmds,
                                                      const virtio::net::Ipv4Address& address);

}  // namespace skiff::api
