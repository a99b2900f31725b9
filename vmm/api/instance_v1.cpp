// SPDX-License-Identifier: Apache-2.0
// The commands under /v1.
#include "base/log.h"
#include "base/units.h"
#include "vmm/api/instance.h"
#include "vmm/api/instance_answers.h"

namespace skiff::api {

Result<std::string> Instance::shut_down(const Shutdown& shutdown) {
    if (state_ == State::kNotStarted) {
        log::info("a client ended the microVM before its start");
        quit_wanted_ = true;
        start_wanted_();
        return no_body();
    }
    const bool at_once = shutdown.deadline == std::chrono::milliseconds(0);
    if (state_ == State::kPaused && !at_once) {
        // Who stands still cannot shut down.
        SKIFF_RETURN_IF_ERROR(change_state(StateChange::kResume));
    }
    control_->shut_down(shutdown.deadline);
    return no_body();
}

Result<std::string> Instance::change(const BalloonTarget& target) {
    SKIFF_RETURN_IF_ERROR(change(target.update));
    return balloon_size();
}

Result<std::string> Instance::balloon_size() const {
    if (!description_.balloon.has_value()) {
        return Error::user(
            "this microVM has no balloon: it gets one by PUT /balloon, before the "
            "start");
    }
    if (state_ == State::kNotStarted) {
        machine::BalloonState planned;
        planned.target_bytes = description_.balloon->amount_mib * kMiB;
        return balloon_size_json(planned);
    }
    return balloon_size_json(*control_->balloon());
}

}  // namespace skiff::api
