// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace skiff::machine {

/// Where a machine's vCPUs are held and let go: pause and resume.
///
/// close() makes every vCPU leave the guest and stand still outside of KVM_RUN, its registers
/// complete; then the observer is called, once, by the last one to stand or, where all stand
/// already, by close(). open() lets all of them, or some, go on.
/// end() lets all go for good, when the machine stops. While a vCPU stands, any one thread may use
/// it. All methods are for any thread, but for pass().
class RunGate {
  public:
    /// `is_open`: whether vCPUs may run when they first come by.
    RunGate(unsigned vcpu_count, bool is_open);

    /// How to make a vCPU leave the guest. Used until end().
    void set_kick(std::function<void(unsigned vcpu)> kick);
    /// Called on any thread, with no lock held.
    void set_observer(std::function<void()> all_standing);

    void close();
    void open();
    /// Opens for the vCPUs whose entry is true; the others stay.
    void open_for(const std::vector<bool>& vcpus);
    void end();

    /// Whether all stand. It stays so until open() or end().
    bool all_standing() const;
    /// Waits for it or for the end, but not longer than this; whether it came.
    bool wait_until_all_stand(std::chrono::milliseconds limit);

    /// For vCPU threads, before the first KVM_RUN and whenever one was interrupted, so that nothing
    /// of an exit is left to do: waits while the gate is closed for `vcpu`. Then it calls `let_go`,
    /// with the gate's lock, which takes back the kick, and is told whether the vCPU has stood; not
    /// where the machine ends.
    void pass(unsigned vcpu, const std::function<void(bool has_stood)>& let_go);

  private:
    struct Place {
        bool closed = false;
        bool standing = false;
    };

    bool all_standing_locked() const;
    void tell_observer(std::unique_lock<std::mutex>& lock);

    mutable std::mutex mutex_;
    std::condition_variable opened_;
    std::condition_variable stood_still_;
    // All guarded by mutex_.
    std::vector<Place> places_;
    bool ended_ = false;
    bool observer_is_due_ = false;
    std::function<void(unsigned)> kick_;
    std::function<void()> observer_;
};

}  // namespace skiff::machine
