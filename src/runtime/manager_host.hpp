#pragma once
// Rank 0's loop. Messages, signals, the control file and the clock become inputs. Effects are recorded, committed and
// only then sent. All side effects of rank 0 go through this class. The manager alone decides.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "platform/attentive_clock.hpp"
#include "record/journal.hpp"
#include "runtime/control_file.hpp"
#include "runtime/fit_thread.hpp"
#include "runtime/outbox.hpp"
#include "runtime/sync_thread.hpp"
#include "transport/endpoint.hpp"
#include "transport/packing.hpp"
#include "worker/snapshot_files.hpp"

namespace stemma {

/// Observes a run; must not influence it.
class HostObserver {
public:
    virtual ~HostObserver() = default;
    virtual void on_entry(const Input&, std::span<const Effect>, const Manager&) {}
    virtual void on_progress(WorkerId, const message::Progress&) {}
    virtual void on_hello(WorkerId, const message::Hello&) {}
    /// About every 100 ms.
    virtual void on_tick(const Manager&, double /*now*/) {}
};

/// Several observers as one.
class HostObservers : public HostObserver {
public:
    explicit HostObservers(std::vector<HostObserver*> all) : all_(std::move(all)) {}
    void on_entry(const Input& input, std::span<const Effect> effects, const Manager& manager) override {
        for (auto* one : all_) one->on_entry(input, effects, manager);
    }
    void on_progress(WorkerId worker, const message::Progress& progress) override {
        for (auto* one : all_) one->on_progress(worker, progress);
    }
    void on_hello(WorkerId worker, const message::Hello& hello) override {
        for (auto* one : all_) one->on_hello(worker, hello);
    }
    void on_tick(const Manager& manager, double now) override {
        for (auto* one : all_) one->on_tick(manager, now);
    }

private:
    std::vector<HostObserver*> all_;
};

struct HostSettings {
    std::uint64_t run_id = 0;
    std::uint32_t incarnation = 0;
    std::uint64_t next_sequence = 0;           ///< inputs already in the journal
    double time_before = 0;                    ///< seconds of the earlier starts
    double heartbeat_timeout = 60;             ///< a worker without a message for so long is lost
    double ping_interval = 5;                  ///< seconds between two signs of life to each worker
    double join_timeout = 180;                 ///< a rank that has not said hello by then is lost
    double goodbye_timeout = 10;               ///< waiting for workers at the end
    std::vector<input::Body> first;            ///< inputs right after IncarnationStarted (missing snapshots)
    std::vector<ControlRequest> waiting;       ///< requests made while no search ran, obeyed after these
    std::optional<BudgetRequest> limits = {};  ///< changes on resume, after those
    /// Polled each round: a stop requested by a signal or a time limit.
    std::function<std::optional<StopReason>()> stop_request;
    AttentiveClock::Source clock = {};  ///< none: the system's
};

struct HostResult {
    EndReason reason = EndReason::stopped;
    std::optional<StopReason> stopped_by = {};  ///< the source of the stop: the user if he asked, else the first source
    double time = 0;            ///< of the run, over all starts; does not count what AttentiveClock leaves out
    bool workers_lost = false;  ///< a rank is gone: MPI_Finalize would hang
    /// Workers that were lost, left on their own or could not start, without a mistake of the user.
    std::uint32_t missed = 0;
    std::vector<std::string> refusals = {};  ///< why other workers could not start: the user's mistakes
    std::vector<std::string> mistakes = {};  ///< why other workers were retired, if only the user can correct it
};

class ManagerHost {
public:
    /// `files` and `control` may be null.
    ManagerHost(Endpoint& endpoint, Manager& manager, record::Journal& journal, SnapshotFiles* files,
                ControlFile* control, HostObserver& observer, HostSettings settings);
    /// Runs until the search has ended and the workers have left. Passes on exceptions of the journal (UserError: disk
    /// full). The workers are told to leave before, as if peers were lost.
    HostResult run();

private:
    struct Peer {
        explicit Peer(std::uint64_t run_id) : frames(run_id) {}
        bool joined = false;
        bool gone = false;  ///< lost, or said goodbye
        bool lost = false;  ///< lost, and not yet told to leave
        double heard = 0;
        FrameUnpacker frames;
    };

    void feed(input::Body body);
    /// True if something arrived.
    bool receive();
    /// False after a pause of this rank, and while more arrives than it takes in: no worker is judged then.
    bool may_judge();
    void take_frames(int from, Bytes frames);
    bool exchange_fits();
    void take_message(WorkerId worker, message::ToManager message);
    void take_goodbye(WorkerId worker, const message::Goodbye& goodbye);
    void watch_clock();
    void watch_requests();
    void obey(const ControlRequest& request);
    void forget_late_stops();
    void watch_peers();
    void lose(WorkerId worker, std::string reason);
    void execute(std::span<const Effect> effects);
    void commit();
    void search();
    void say_goodbye();
    void break_off();
    void sync();

    Endpoint& endpoint_;
    Manager& manager_;
    record::Journal& journal_;
    SnapshotFiles* files_;
    ControlFile* control_;
    HostObserver& observer_;
    HostSettings settings_;
    AttentiveClock clock_;
    Outbox outbox_;
    std::vector<Peer> peers_;
    std::uint64_t sequence_;
    double last_time_ = 0;
    std::size_t uncommitted_ = 0;
    double next_watch_ = 0;
    double next_sync_ = 0;
    double next_ping_ = 0;
    std::uint64_t pauses_ = 0;          ///< of the clock, as far as may_judge() knows
    std::uint32_t quiet_receives_ = 0;  ///< in a row since then: all that had arrived was taken in
    Effects effects_;
    std::vector<SnapshotId> to_erase_;
    FitThread fits_;
    SyncThread sync_;
    HostResult result_;
};

}  // namespace stemma
