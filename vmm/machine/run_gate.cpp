// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/run_gate.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace skiff::machine {

RunGate::RunGate(unsigned vcpu_count, bool is_open) : places_(vcpu_count) {
    for (Place& place : places_) {
        place.closed = !is_open;
    }
}

void RunGate::set_kick(std::function<void(unsigned vcpu)> kick) {
    const std::lock_guard lock(mutex_);
    kick_ = std::move(kick);
    // Whoever closed the gate before could make nobody leave the guest.
    for (unsigned vcpu = 0; kick_ && vcpu < places_.size(); ++vcpu) {
        if (places_[vcpu].closed && !places_[vcpu].standing) {
            kick_(vcpu);
        }
    }
}

void RunGate::set_observer(std::function<void()> all_standing) {
    const std::lock_guard lock(mutex_);
    observer_ = std::move(all_standing);
}

void RunGate::close() {
    std::unique_lock lock(mutex_);
    if (ended_) {
        return;
    }
    observer_is_due_ = true;
    for (unsigned vcpu = 0; vcpu < places_.size(); ++vcpu) {
        places_[vcpu].closed = true;
        // With the lock: let_go() takes back an older request, and must not take back this one.
        if (kick_ && !places_[vcpu].standing) {
            kick_(vcpu);
        }
    }
    tell_observer(lock);  // all may stand already: then nobody else comes by
}

void RunGate::open() {
    open_for(std::vector<bool>(places_.size(), true));
}

void RunGate::open_for(const std::vector<bool>& vcpus) {
    SKIFF_CHECK(vcpus.size() == places_.size());
    {
        const std::lock_guard lock(mutex_);
        observer_is_due_ = false;
        for (std::size_t i = 0; i < places_.size(); ++i) {
            places_[i].closed = !vcpus[i] && !ended_;
        }
    }
    opened_.notify_all();
}

void RunGate::end() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        kick_ = nullptr;
        observer_ = nullptr;
        for (Place& place : places_) {
            place.closed = false;
        }
    }
    opened_.notify_all();
    stood_still_.notify_all();
}

bool RunGate::all_standing_locked() const {
    return std::all_of(places_.begin(), places_.end(),
                       [](const Place& place) { return place.standing && place.closed; });
}

bool RunGate::all_standing() const {
    const std::lock_guard lock(mutex_);
    return !ended_ && all_standing_locked();
}

bool RunGate::wait_until_all_stand(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return stood_still_.wait_for(lock, limit, [this] { return ended_ || all_standing_locked(); });
}

void RunGate::pass(unsigned vcpu, const std::function<void(bool)>& let_go) {
    Place& place = places_[vcpu];
    std::unique_lock lock(mutex_);
    const bool must_stand = place.closed;
    if (must_stand) {
        place.standing = true;
        stood_still_.notify_all();
        tell_observer(lock);
        opened_.wait(lock, [&] { return !place.closed; });
        place.standing = false;
    }
    if (!ended_) {
        let_go(must_stand);
    }
}

void RunGate::tell_observer(std::unique_lock<std::mutex>& lock) {
    if (!observer_is_due_ || !observer_ || !all_standing_locked()) {
        return;
    }
    observer_is_due_ = false;
    const auto observer = observer_;
    lock.unlock();
    observer();
    lock.lock();
}

}  // namespace skiff::machine
