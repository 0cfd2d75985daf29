#pragma once
// A trainer that counts, and durable copies in memory.

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>

#include "trainer/trainer.hpp"
#include "worker/snapshot_files.hpp"

namespace stemma::testing {

/// The state is one number: the sum of (unit + seed) over the units trained, so it depends on the path.
class CountingTrainer final : public Trainer {
public:
    enum class Mood {
        well,
        out_of_memory,
        throws,
        throws_number,
        fails,
        until_stopped,
        goes_too_far,
        tells_nothing,
        tells_too_little
    };
    explicit CountingTrainer(Mood mood = Mood::well, std::uint32_t at_once = 1) : mood_(mood), at_once_(at_once) {}

    std::span<const MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "counting"; }
    std::uint32_t at_once() const override { return at_once_; }

    TrainResult train(const TrainRequest& request) override {
        if (mood_ == Mood::out_of_memory) throw std::bad_alloc();
        if (mood_ == Mood::throws) throw std::runtime_error("the fan broke");
        if (mood_ == Mood::throws_number) throw 42;
        if (mood_ == Mood::fails)
            return TrainFailure{FailureKind::nonfinite, "loss", std::string(10'000, 'x'), request.from};
        std::int64_t state = 0;
        if (request.start != nullptr) {
            std::memcpy(&state, request.start->content(*request.start->find("state")).data(), sizeof state);
        }
        Trained trained;
        auto unit = request.from;
        const auto stopped = [&] { return request.stop != nullptr && *request.stop; };
        while (mood_ == Mood::until_stopped ? !stopped() || unit == request.from : unit < request.to && !stopped()) {
            ++unit;
            state += unit + static_cast<std::int64_t>(request.seed);
            trained.rows.push_back({unit, {static_cast<double>(state)}});
            if (request.progress) request.progress(trained.rows.back());
            if (mood_ == Mood::until_stopped) std::this_thread::yield();
        }
        trained.reached = mood_ == Mood::goes_too_far ? unit + 1 : unit;
        if (mood_ == Mood::tells_nothing) trained.rows.clear();
        if (mood_ == Mood::tells_too_little) trained.rows.back().values.clear();
        trained.snapshot.add("state", DType::i64, {1}, std::as_bytes(std::span(&state, 1)));
        return trained;
    }

private:
    Mood mood_;
    std::uint32_t at_once_;
    std::array<MetricInfo, 1> metrics_ = {MetricInfo{"state", false}};
};

class FilesInMemory final : public SnapshotFiles {
public:
    void write(const DurableCopy& copy) override {
        held.wait(true);
        const std::lock_guard lock(mutex_);
        if (full) throw std::runtime_error("disk full: snapshots/" + std::to_string(copy.snapshot.value));
        copies_[copy.snapshot] = Snapshot::decode(copy.content);
    }
    void write_small(std::span<const DurableCopy> copies) override {
        for (const auto& copy : copies) write(copy);
    }
    Snapshot read(SnapshotId id) override {
        const std::lock_guard lock(mutex_);
        const auto found = copies_.find(id);
        if (found == copies_.end()) throw std::runtime_error("no such file: snapshots/" + std::to_string(id.value));
        return found->second;
    }
    void erase(SnapshotId id) override {
        const std::lock_guard lock(mutex_);
        copies_.erase(id);
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return copies_.size();
    }
    /// The disk answers again.
    void release() {
        held = false;
        held.notify_all();
    }
    std::atomic<bool> full = false;
    std::atomic<bool> held = false;  ///< writes wait for release()

private:
    std::mutex mutex_;
    std::map<SnapshotId, Snapshot> copies_;
};

}  // namespace stemma::testing
