// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/run_gate.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using skiff::machine::RunGate;

namespace {

/// vCPUs that do nothing but run: the request to leave the guest is a flag, as KVM's is.
class Vcpus {
  public:
    Vcpus(RunGate& gate, unsigned count) : gate_(gate), vcpus_(count) {
        gate_.set_kick([this](unsigned vcpu) { vcpus_[vcpu].kicked = true; });
    }
    void start() {
        for (unsigned i = 0; i < vcpus_.size(); ++i) {
            threads_.emplace_back([this, i] { loop(i); });
        }
    }
    ~Vcpus() {
        stop_ = true;
        gate_.end();
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }
    unsigned long rounds(unsigned vcpu) const { return vcpus_[vcpu].rounds; }
    bool all_go_on() const {
        std::vector<unsigned long> before;
        for (const Vcpu& vcpu : vcpus_) {
            before.push_back(vcpu.rounds);
        }
        for (std::size_t i = 0; i < vcpus_.size(); ++i) {
            while (vcpus_[i].rounds == before[i]) {
                std::this_thread::yield();
            }
        }
        return true;
    }

  private:
    struct Vcpu {
        std::atomic<bool> kicked{false};
        std::atomic<unsigned long> rounds{0};
    };
    void loop(unsigned index) {
        Vcpu& vcpu = vcpus_[index];
        const auto let_go = [&](bool) { vcpu.kicked = false; };
        gate_.pass(index, let_go);
        while (!stop_) {
            if (vcpu.kicked) {
                gate_.pass(index, let_go);
                continue;
            }
            ++vcpu.rounds;
            std::this_thread::yield();
        }
    }

    RunGate& gate_;
    std::vector<Vcpu> vcpus_;
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

/// Counts what the observer tells.
class Observer {
  public:
    explicit Observer(RunGate& gate) {
        gate.set_observer([this] {
            ++told_;
            told_.notify_all();
        });
    }
    void wait_for(int count) {
        for (int now = told_; now < count; now = told_) {
            told_.wait(now);
        }
    }
    int told() const { return told_; }

  private:
    std::atomic<int> told_{0};
};

}  // namespace

TEST_CASE("A gate that begins closed lets no vCPU run before it is opened") {
    RunGate gate(2, false);
    Vcpus vcpus(gate, 2);
    vcpus.start();
    while (!gate.all_standing()) {
        std::this_thread::yield();
    }
    CHECK(vcpus.rounds(0) == 0);
    CHECK(vcpus.rounds(1) == 0);
    gate.open();
    CHECK(vcpus.all_go_on());
}

TEST_CASE("Closing brings every vCPU to stand, which is told once, and opening lets all go on") {
    RunGate gate(3, true);
    Observer observer(gate);
    Vcpus vcpus(gate, 3);
    vcpus.start();
    for (int time = 1; time <= 200; ++time) {
        gate.close();
        observer.wait_for(time);
        REQUIRE(gate.all_standing());
        const auto rounds = vcpus.rounds(0) + vcpus.rounds(1) + vcpus.rounds(2);
        std::this_thread::yield();
        REQUIRE(vcpus.rounds(0) + vcpus.rounds(1) + vcpus.rounds(2) == rounds);
        gate.open();
        REQUIRE_FALSE(gate.all_standing());
    }
    CHECK(observer.told() == 200);
    CHECK(vcpus.all_go_on());
}

TEST_CASE("An open that comes before a vCPU stood leaves none behind") {
    RunGate gate(2, true);
    Vcpus vcpus(gate, 2);
    vcpus.start();
    for (int time = 0; time < 2000; ++time) {
        gate.close();
        gate.open();
    }
    CHECK(vcpus.all_go_on());
}

TEST_CASE("Some can go on while others stay") {
    RunGate gate(2, false);
    Observer observer(gate);
    Vcpus vcpus(gate, 2);
    vcpus.start();
    while (!gate.all_standing()) {
        std::this_thread::yield();
    }
    gate.open_for({false, true});
    while (vcpus.rounds(1) == 0) {
        std::this_thread::yield();
    }
    CHECK(vcpus.rounds(0) == 0);
    gate.close();
    observer.wait_for(1);
    CHECK(gate.all_standing());
}

TEST_CASE("The end lets all go, and nobody stands any more") {
    RunGate gate(2, false);
    {
        Vcpus vcpus(gate, 2);
        vcpus.start();
        while (!gate.all_standing()) {
            std::this_thread::yield();
        }
    }
    gate.close();
    CHECK_FALSE(gate.all_standing());
    gate.pass(0, [](bool) { FAIL("the kick that ends it must stay"); });
}

TEST_CASE("A gate that was closed before anybody could be kicked kicks them then") {
    RunGate gate(2, true);
    gate.close();
    std::vector<unsigned> kicked;
    gate.set_kick([&](unsigned vcpu) { kicked.push_back(vcpu); });
    CHECK(kicked == std::vector<unsigned>{0, 1});
    CHECK_FALSE(gate.wait_until_all_stand(std::chrono::milliseconds(1)));
}

TEST_CASE("Whoever waits until all stand is told so, and of the end") {
    RunGate gate(1, false);
    std::thread vcpu([&gate] { gate.pass(0, [](bool) {}); });
    CHECK(gate.wait_until_all_stand(std::chrono::hours(1)));
    CHECK(gate.all_standing());
    gate.end();
    vcpu.join();
    CHECK(gate.wait_until_all_stand(std::chrono::hours(1)));
}
