#include <gtest/gtest.h>

#include "worker/worker.hpp"

namespace stemma {
namespace {

constexpr double heartbeat = 5;

struct Harness {
    Harness() { give(0, worker::Started{}); }

    worker::Outputs give(double time, worker::Input input) {
        worker::Outputs out;
        machine.on(time, std::move(input), out);
        return out;
    }
    worker::Outputs give(worker::Input input) { return give(0, std::move(input)); }
    void hold(std::uint64_t lease, std::size_t bytes) {
        grant(lease);
        give(worker::Report{{lease}, 1, 0.5, {{1, {0.25}}}, std::make_shared<Bytes>(bytes)});
    }
    worker::Outputs grant(std::uint64_t lease, message::StartFrom start = message::StartFrom::scratch) {
        message::Train message;
        message.lease = {lease};
        message.member = {lease};
        message.from = start == message::StartFrom::scratch ? 0 : 1;
        message.to = 3;
        message.start = start;
        message.snapshot = {100};
        message.owner = {2};
        message.transfer = {7};
        message.bytes = 16;
        return give(message::ToWorker(message));
    }
    Worker machine{{.heartbeat = heartbeat, .progress_interval = 1, .manager_timeout = 0}};
};

template <class T>
const T* only(const worker::Outputs& out) {
    return out.size() == 1 ? std::get_if<T>(out.data()) : nullptr;
}
template <class M>
const M* only_said(const worker::Outputs& out) {
    const auto* message = only<message::ToManager>(out);
    return message != nullptr ? std::get_if<M>(message) : nullptr;
}

TEST(WorkerMachine, SaysHelloFirst) {
    Worker machine({});
    worker::Outputs out;
    message::Hello hello;
    hello.host = "node7";
    machine.on(0, worker::Started{hello}, out);

    ASSERT_NE(only_said<message::Hello>(out), nullptr);
    EXPECT_EQ(only_said<message::Hello>(out)->host, "node7");
}

TEST(WorkerMachine, HandsOverEveryReadyLeaseAtOnce) {
    Harness h;

    EXPECT_NE(only<worker::Train>(h.grant(1)), nullptr);
    EXPECT_NE(only<worker::Train>(h.grant(2)), nullptr);
    EXPECT_TRUE(h.grant(2).empty()) << "a lease that it has already";
    EXPECT_EQ(h.machine.leases(), 2U);
}

TEST(WorkerMachine, AReportCarriesTheEncodedSizeAndTheSnapshotIsKept) {
    Harness h;
    h.grant(1);
    const auto out = h.give(worker::Report{{1}, 3, 0.5, {{3, {0.25}}}, std::make_shared<Bytes>(40)});

    const auto* report = only_said<message::Report>(out);
    ASSERT_NE(report, nullptr);
    EXPECT_EQ(report->reached, 3);
    EXPECT_EQ(report->snapshot_bytes, 40U);
    EXPECT_EQ(h.machine.snapshot_bytes(), 40U);
    EXPECT_EQ(h.machine.leases(), 0U);
    h.give(message::ToWorker(message::Drop{{1}}));
    EXPECT_EQ(h.machine.snapshot_bytes(), 0U);
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, AReportWithoutSnapshotSaysZeroBytes) {
    Harness h;
    h.grant(1);
    const auto out = h.give(worker::Report{{1}, 3, 0.5, {{3, {0.25}}}, nullptr});

    EXPECT_EQ(only_said<message::Report>(out)->snapshot_bytes, 0U);
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, ThinsTheRowsOfALongReportButKeepsTheLast) {
    Harness h;
    h.grant(1);
    std::vector<MetricRow> rows;
    for (Resource r = 1; r <= 100'000; ++r) rows.push_back({r, {1.0, 2.0}});
    const auto out = h.give(worker::Report{{1}, 100'000, 0.5, rows, nullptr});

    const auto* report = only_said<message::Report>(out);
    ASSERT_NE(report, nullptr);
    EXPECT_GT(report->rows.size(), 1000U);
    EXPECT_EQ(report->rows.back().resource, 100'000);
    Bytes frame;
    encode(message::ToManager(*report), {}, frame);
    EXPECT_LE(frame.size(), message::frame_bytes_max);
}

TEST(WorkerMachine, StartsFromMemory) {
    Harness h;
    h.hold(100, 16);
    const auto out = h.grant(1, message::StartFrom::local);

    ASSERT_NE(only<worker::Train>(out), nullptr);
    EXPECT_EQ(only<worker::Train>(out)->start->size(), 16U);
}

TEST(WorkerMachine, StartsFromAPeerWhenTheSnapshotHasCome) {
    Harness h;
    const auto asked = h.grant(1, message::StartFrom::peer);
    const auto ready = h.grant(2);
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});

    ASSERT_NE(only<worker::ReceiveBulk>(asked), nullptr);
    EXPECT_EQ(only<worker::ReceiveBulk>(asked)->from, 2);
    EXPECT_NE(only<worker::Train>(ready), nullptr) << "a lease that is ready does not wait behind one that is not";
    ASSERT_EQ(came.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<message::TransferDone>(std::get<message::ToManager>(came[0])));
    EXPECT_EQ(std::get<worker::Train>(came[1]).lease, LeaseId{1});
    EXPECT_EQ(h.machine.snapshot_bytes(), 16U);
}

TEST(WorkerMachine, FailsALeaseWhoseSnapshotDoesNotCome) {
    const auto failed = [](const worker::Outputs& out) {
        const auto* message = std::get_if<message::ToManager>(&out.back());
        const auto* failure = message != nullptr ? std::get_if<message::Failure>(message) : nullptr;
        return failure != nullptr && failure->kind == FailureKind::snapshot_unavailable && failure->lease == LeaseId{1};
    };
    Harness empty;
    empty.grant(1, message::StartFrom::peer);
    EXPECT_TRUE(failed(empty.give(BulkArrived{{7}, Bytes()})));
    Harness abandoned;
    abandoned.grant(1, message::StartFrom::peer);
    const auto out = abandoned.give(message::ToWorker(message::AbortTransfer{{7}}));
    EXPECT_TRUE(std::holds_alternative<worker::AbortTransfer>(out.front()));
    EXPECT_TRUE(failed(out));
    Harness gone;
    gone.grant(1, message::StartFrom::peer);
    EXPECT_TRUE(failed(gone.give(PeerGone{2})));
    Harness local;
    EXPECT_TRUE(failed(local.grant(1, message::StartFrom::local)));
}

TEST(WorkerMachine, ACancelBeforeTheSnapshotCameReportsNothingTrainedAndKeepsTheSnapshot) {
    Harness h;
    h.grant(1, message::StartFrom::peer);
    const auto canceled = h.give(message::ToWorker(message::Cancel{{1}}));
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});

    ASSERT_NE(only_said<message::Report>(canceled), nullptr);
    EXPECT_EQ(only_said<message::Report>(canceled)->reached, 1);
    EXPECT_TRUE(only_said<message::Report>(canceled)->rows.empty());
    EXPECT_NE(only_said<message::TransferDone>(came), nullptr);
    EXPECT_EQ(h.machine.snapshots(), 1U);
}

TEST(WorkerMachine, ServesWhatItHasAndZeroBytesOtherwise) {
    Harness h;
    h.hold(1, 16);
    const auto held = h.give(message::ToWorker(message::Serve{{3}, {1}, {2}}));
    const auto missing = h.give(message::ToWorker(message::Serve{{4}, {55}, {2}}));

    ASSERT_NE(only<worker::SendBulk>(held), nullptr);
    EXPECT_EQ(only<worker::SendBulk>(held)->to, 2);
    EXPECT_EQ(only<worker::SendBulk>(held)->content->size(), 16U);
    ASSERT_NE(only<worker::SendBulk>(missing), nullptr);
    EXPECT_TRUE(only<worker::SendBulk>(missing)->content->empty());
}

TEST(WorkerMachine, KeepsASecondCopyThatNoLeaseWaitsFor) {
    Harness h;
    const auto asked = h.give(message::ToWorker(message::Replicate{{7}, {5}, {3}, 4, {2}, 16}));
    const auto came = h.give(BulkArrived{{7}, Bytes(16, std::byte{0})});
    const auto served = h.give(message::ToWorker(message::Serve{{8}, {5}, {3}}));

    ASSERT_NE(only<worker::ReceiveBulk>(asked), nullptr);
    EXPECT_EQ(only<worker::ReceiveBulk>(asked)->from, 2);
    EXPECT_EQ(only<worker::ReceiveBulk>(asked)->bytes, 16U);
    ASSERT_NE(only_said<message::TransferDone>(came), nullptr);
    EXPECT_EQ(only_said<message::TransferDone>(came)->transfer, TransferId{7});
    EXPECT_EQ(h.machine.snapshot_bytes(), 16U);
    ASSERT_NE(only<worker::SendBulk>(served), nullptr) << "it is as good as the original";
    EXPECT_EQ(only<worker::SendBulk>(served)->content->size(), 16U);
}

TEST(WorkerMachine, ASecondCopyThatDoesNotComeIsTold) {
    Harness h;
    h.give(message::ToWorker(message::Replicate{{7}, {5}, {3}, 4, {2}, 16}));
    const auto came = h.give(BulkArrived{{7}, Bytes()});

    ASSERT_NE(only_said<message::TransferFailed>(came), nullptr);
    EXPECT_EQ(only_said<message::TransferFailed>(came)->transfer, TransferId{7});
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

TEST(WorkerMachine, AnAbandonedSecondCopyIsForgottenWithoutAWord) {
    Harness h;
    h.give(message::ToWorker(message::Replicate{{7}, {5}, {3}, 4, {2}, 16}));
    const auto out = h.give(message::ToWorker(message::AbortTransfer{{7}}));

    ASSERT_EQ(out.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<worker::AbortTransfer>(out.front()));
    EXPECT_TRUE(h.give(BulkArrived{{7}, Bytes(16, std::byte{0})}).empty());
}

TEST(WorkerMachine, AnAbandonedSendIsForgottenOnce) {
    Harness h;
    h.hold(1, 16);
    h.give(message::ToWorker(message::Serve{{3}, {1}, {2}}));

    EXPECT_NE(only<worker::AbortTransfer>(h.give(message::ToWorker(message::AbortTransfer{{3}}))), nullptr);
    EXPECT_TRUE(h.give(message::ToWorker(message::AbortTransfer{{3}})).empty());
}

TEST(WorkerMachine, BeatsOnlyWhenNothingElseWasSaid) {
    Harness h;

    EXPECT_TRUE(h.give(heartbeat - 1, worker::Ticked{}).empty());
    EXPECT_NE(only_said<message::Heartbeat>(h.give(heartbeat, worker::Ticked{})), nullptr);
    EXPECT_TRUE(h.give(heartbeat + 1, worker::Ticked{}).empty());
}

TEST(WorkerMachine, AHeartbeatNamesTheLeaseInTrainingAndHowFarItIs) {
    Harness h;
    h.grant(4);
    h.grant(5);
    h.give(worker::Progress{{4}, {2, {0.5}}});
    const auto out = h.give(2 * heartbeat, worker::Ticked{});

    ASSERT_NE(only_said<message::Heartbeat>(out), nullptr);
    EXPECT_EQ(only_said<message::Heartbeat>(out)->lease, LeaseId{4});
    EXPECT_EQ(only_said<message::Heartbeat>(out)->reached, 2);
}

TEST(WorkerMachine, ProgressIsRareEnough) {
    Harness h;
    h.grant(1);

    EXPECT_NE(only_said<message::Progress>(h.give(1, worker::Progress{{1}, {1, {0.5}}})), nullptr);
    EXPECT_TRUE(h.give(1.5, worker::Progress{{1}, {2, {0.5}}}).empty());
    const auto third = h.give(2, worker::Progress{{1}, {3, {0.5}}, 2});
    ASSERT_NE(only_said<message::Progress>(third), nullptr);
    EXPECT_EQ(only_said<message::Progress>(third)->number, 2U) << "one was left out";
    EXPECT_TRUE(h.give(9, worker::Progress{{77}, {3, {0.5}}}).empty());
}

TEST(WorkerMachine, ProgressOfEachLeaseIsToldWhereSeveralAreInTraining) {
    Harness h;
    h.grant(1);
    h.grant(2);

    EXPECT_NE(only_said<message::Progress>(h.give(1, worker::Progress{{1}, {1, {0.5}}})), nullptr);
    EXPECT_NE(only_said<message::Progress>(h.give(1, worker::Progress{{2}, {1, {0.5}}})), nullptr);
    EXPECT_TRUE(h.give(1.5, worker::Progress{{1}, {2, {0.5}}}).empty());
}

TEST(WorkerMachine, LeavesWhenWhatItWritesIsWritten) {
    Harness h;
    h.hold(1, 16);
    h.grant(2);
    h.give(message::ToWorker(message::Persist{{1}}));
    const auto leaving = h.give(message::ToWorker(message::Dismiss{true}));
    const auto late = h.give(worker::Report{{2}, 3, 0.5, {}, nullptr});
    const auto written = h.give(worker::Persisted{{1}, true, {}});

    EXPECT_NE(only<worker::Cancel>(leaving), nullptr);
    EXPECT_TRUE(late.empty()) << "a lease that was given up";
    ASSERT_EQ(written.size(), 3U);
    EXPECT_TRUE(std::holds_alternative<message::Persisted>(std::get<message::ToManager>(written[0])));
    EXPECT_TRUE(std::holds_alternative<message::Goodbye>(std::get<message::ToManager>(written[1])));
    EXPECT_TRUE(std::get<worker::Left>(written[2]).peers_lost);
    EXPECT_TRUE(h.machine.left());
}

TEST(WorkerMachine, LeavesASilentOrLostManager) {
    Harness lost;
    EXPECT_TRUE(only<worker::Left>(lost.give(PeerGone{0}))->manager_lost);
    Worker silent({.heartbeat = 100, .manager_timeout = 10});
    worker::Outputs out;
    silent.on(0, worker::Started{}, out);
    silent.on(8, message::ToWorker(message::Ping{}), out);
    silent.on(17, worker::Ticked{}, out);
    EXPECT_FALSE(silent.left());
    silent.on(19, worker::Ticked{}, out);
    EXPECT_TRUE(silent.left());
}

// The way between two workers may be broken while both reach the manager.
TEST(WorkerMachine, GivesUpASnapshotThatDoesNotCome) {
    const auto given_up_at = [](std::uint64_t bytes, double time) {
        Harness h;
        h.machine = Worker({.heartbeat = 1e6, .transfer_timeout = 10});
        h.give(0, worker::Started{});
        message::Train message;
        message.lease = {1};
        message.start = message::StartFrom::peer;
        message.transfer = {7};
        message.bytes = bytes;
        h.give(1, message::ToWorker(message));
        const auto out = h.give(time, worker::Ticked{});
        if (out.empty()) return false;
        EXPECT_EQ(out.size(), 2U);
        EXPECT_EQ(std::get<worker::AbortTransfer>(out[0]).transfer, TransferId{7});
        const auto& failure = std::get<message::Failure>(std::get<message::ToManager>(out[1]));
        EXPECT_EQ(failure.kind, FailureKind::snapshot_unavailable);
        EXPECT_TRUE(h.give(time, BulkArrived{{7}, Bytes(bytes)}).empty()) << "it comes after all";
        EXPECT_EQ(h.machine.leases(), 0U);
        return true;
    };
    EXPECT_FALSE(given_up_at(16, 11));
    EXPECT_TRUE(given_up_at(16, 11.1));
    const auto second = static_cast<std::uint64_t>(slowest_bytes);
    EXPECT_FALSE(given_up_at(4 * second, 15)) << "a large one takes its time";
    EXPECT_TRUE(given_up_at(4 * second, 15.1));
}

// Its owner sends one second copy at a time: the others would wait for it.
TEST(WorkerMachine, GivesUpASecondCopyThatDoesNotCome) {
    const auto second = static_cast<std::uint64_t>(slowest_bytes);
    Harness h;
    h.machine = Worker({.heartbeat = 1e6, .transfer_timeout = 10});
    h.give(0, worker::Started{});
    h.give(1, message::ToWorker(message::Replicate{{8}, {5}, {0}, 1, {2}, 4 * second}));

    EXPECT_TRUE(h.give(15, worker::Ticked{}).empty()) << "a large one takes its time";
    const auto out = h.give(15.1, worker::Ticked{});
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(std::get<worker::AbortTransfer>(out[0]).transfer, TransferId{8});
    EXPECT_EQ(std::get<message::TransferLate>(std::get<message::ToManager>(out[1])).transfer, TransferId{8});
    EXPECT_TRUE(h.give(16, BulkArrived{{8}, Bytes(4 * second)}).empty()) << "it comes after all";
    EXPECT_EQ(h.machine.snapshots(), 0U);
}

// Before it speaks the manager checks the job, and a program may take minutes to load.
TEST(WorkerMachine, WaitsLongerForTheFirstMessageOfTheManager) {
    const auto left_at = [](double first_message, double time) {
        Worker machine({.heartbeat = 100, .manager_timeout = 10, .manager_start_timeout = 300});
        worker::Outputs out;
        machine.on(0, worker::Started{}, out);
        if (first_message > 0) machine.on(first_message, message::ToWorker(message::Ping{}), out);
        machine.on(time, worker::Ticked{}, out);
        return machine.left();
    };
    EXPECT_FALSE(left_at(0, 299));
    EXPECT_TRUE(left_at(0, 301));
    EXPECT_FALSE(left_at(200, 209));
    EXPECT_TRUE(left_at(200, 211));
}

// Every message and event in every state: nothing throws, no message is about an unknown lease, and the machine still
// leaves in order.
TEST(WorkerMachine, TakesEverythingInEveryState) {
    const auto states = std::vector<void (*)(Harness&)>{
        [](Harness&) {},
        [](Harness& h) { h.hold(1, 16); },
        [](Harness& h) { h.grant(1); },
        [](Harness& h) { h.grant(1, message::StartFrom::peer); },
        [](Harness& h) {
            h.hold(1, 16);
            h.give(message::ToWorker(message::Serve{{7}, {1}, {2}}));
            h.give(message::ToWorker(message::Persist{{1}}));
            h.give(message::ToWorker(message::Dismiss{}));
        },
        [](Harness& h) { h.give(message::ToWorker(message::Dismiss{})); },
    };
    const auto inputs = std::vector<worker::Input>{message::ToWorker(message::Train{}),
                                                   message::ToWorker(message::Serve{{7}, {1}, {2}}),
                                                   message::ToWorker(message::AbortTransfer{{7}}),
                                                   message::ToWorker(message::Drop{{1}}),
                                                   message::ToWorker(message::Cancel{{1}}),
                                                   message::ToWorker(message::Cancel{{9}}),
                                                   message::ToWorker(message::Ping{}),
                                                   worker::Report{{9}, 1, 0, {}, nullptr},
                                                   worker::Failure{{9}, {}, 0},
                                                   worker::Progress{{9}, {}},
                                                   BulkArrived{{9}, {}},
                                                   BulkSent{{9}},
                                                   BulkSent{{7}},
                                                   PeerGone{5},
                                                   worker::Ticked{},
                                                   message::ToWorker(message::Dismiss{})};
    for (std::size_t s = 0; s < states.size(); ++s) {
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            SCOPED_TRACE("state " + std::to_string(s) + ", input " + std::to_string(i));
            Harness h;
            states[s](h);
            for (const auto& output : h.give(inputs[i])) {
                const auto* message = std::get_if<message::ToManager>(&output);
                const auto* report = message != nullptr ? std::get_if<message::Report>(message) : nullptr;
                if (report != nullptr) {
                    EXPECT_EQ(report->lease, LeaseId{1});
                }
            }
            h.give(message::ToWorker(message::Dismiss{}));
            if (s == 4) h.give(worker::Persisted{{1}, true, {}});
            EXPECT_TRUE(h.machine.left());
        }
    }
}

}  // namespace
}  // namespace stemma
