// Whatever is changed in a record: what is looked up by worker says the same.
#include "manager/snapshot_table.hpp"

#include "core/rng.hpp"
#include "manager/snapshots.hpp"
#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

class Table : public ::testing::Test {
protected:
    Table() {
        for (std::uint64_t worker = 1; worker <= 3; ++worker) workers.join({worker}, "host", 100);
    }
    std::uint32_t add(std::uint64_t id, double priority, std::vector<WorkerId> memory) {
        SnapshotRecord record;
        record.id = {id};
        record.bytes = 10;
        record.priority = priority;
        record.memory = std::move(memory);
        record.references = 1;
        return table.add(std::move(record));
    }
    void prioritize(std::uint32_t slot, double priority) {
        table.change(slot, [=](auto& record) { record.priority = priority; });
    }

    WorkerTable workers{1};
    SnapshotTable table{workers};
};

TEST_F(Table, TheLeastImportantGoesFirstWhateverChanges) {
    const auto low = add(0, 1, {{1}});
    const auto high = add(1, 2, {{1}});
    EXPECT_EQ(table.first_to_go({1}), low);
    prioritize(low, 3);
    EXPECT_EQ(table.first_to_go({1}), high);
    prioritize(high, 3);
    EXPECT_EQ(table.first_to_go({1}), low) << "the older one of two as important";
    table.change(low, [](auto& record) { record.pins = 1; });
    EXPECT_EQ(table.first_to_go({1}), high);
    table.change(high, [](auto& record) { record.spilling = true; });
    EXPECT_EQ(table.first_to_go({1}), std::nullopt);
    table.change(low, [](auto& record) { record.pins = 0; });
    EXPECT_EQ(table.first_to_go({1}), low);
    EXPECT_EQ(table.first_to_go({2}), std::nullopt);
}

TEST_F(Table, TheOrderIsTheSameWheneverItIsAskedForFirst) {
    Stream random(3, Purpose::test);
    SnapshotTable early(workers);
    static_cast<void>(early.first_to_go({1}));
    for (std::uint64_t id = 0; id < 200; ++id) {
        SnapshotRecord record{.id = {id},
                              .member = {id},
                              .bytes = 1,
                              .priority = random.uniform(),
                              .memory = {{1 + random.below(3)}},
                              .references = 1};
        const auto slot = early.add(record);
        ASSERT_EQ(table.add(std::move(record)), slot);
        const auto changed = static_cast<std::uint32_t>(random.below(slot + 1));
        const auto priority = random.uniform();
        const auto pins = static_cast<std::uint32_t>(random.below(2));
        for (auto* each : {&early, &table}) {
            each->change(changed, [&](auto& chosen) { chosen.priority = priority, chosen.pins = pins; });
        }
    }
    for (std::uint64_t removed = 0; removed < 150; ++removed) {
        const WorkerId worker{1 + removed % 3};
        const auto first = early.first_to_go(worker);
        ASSERT_EQ(table.first_to_go(worker), first) << "snapshot " << removed;
        if (!first) continue;
        early.remove(*first);
        table.remove(*first);
    }
    table.memory_gone();
    EXPECT_EQ(table.first_to_go({1}), std::nullopt);
}

TEST_F(Table, ASecondCopyGoesBeforeAllElse) {
    add(0, 1, {{1}});
    const auto copied = add(1, 9, {{1}, {2}});
    EXPECT_NE(table.first_to_go({1}), copied);
    table.change(copied, [](auto& record) { record.replicated = true; });
    EXPECT_EQ(table.first_to_go({1}), copied);
}

TEST_F(Table, CountsTheBytesOfEachMemory) {
    const auto slot = add(0, 1, {{1}});
    table.change(slot, [](auto& record) { record.memory.push_back({2}); });
    EXPECT_EQ(workers[{1}].held, 10U);
    EXPECT_EQ(workers[{2}].held, 10U);
    table.change(slot, [](auto& record) { record.spilling = true; });
    EXPECT_EQ(workers[{1}].held, 0U) << "what is being spilt counts as gone";
    table.change(slot, [](auto& record) { record.spilling = false; });
    const auto removed = table.remove(slot);
    EXPECT_EQ(removed.memory.size(), 2U);
    EXPECT_EQ(workers[{1}].held, 0U);
    EXPECT_EQ(table.first_to_go({1}), std::nullopt);
    EXPECT_EQ(add(1, 1, {{1}}), slot) << "the slot is used again";
}

TEST_F(Table, ASnapshotInOneMemoryIsCopiedTheOldestFirst) {
    const auto young = add(5, 1, {{1}});
    const auto old = add(4, 1, {{1}});
    for (const auto slot : {young, old}) table.change(slot, [](auto& record) { record.replicated = true; });
    EXPECT_EQ(table.first_to_copy({1}), old);
    table.change(old, [](auto& record) { record.copying = {0}; });
    EXPECT_EQ(table.first_to_copy({1}), young);
    EXPECT_EQ(table.first_to_go({1}), young) << "what is being copied stays";
    table.change(young, [](auto& record) { record.memory.push_back({2}); });
    EXPECT_EQ(table.first_to_copy({1}), std::nullopt);
    EXPECT_TRUE(table.owners_to_copy().empty());
    workers.remove({1});
    table.worker_gone({1});
    EXPECT_EQ(table.first_to_copy({2}), young) << "its only memory now";
    EXPECT_EQ(table.owners_to_copy(), std::vector{WorkerId{2}});
    table.stop_copies();
    EXPECT_TRUE(table.owners_to_copy().empty());
}

TEST_F(Table, OnceCopiesHaveStoppedNoneIsWantedUntilTheNextStart) {
    const auto slot = add(0, 1, {{1}});
    table.stop_copies();
    table.change(slot, [](auto& record) { record.replicated = true; });
    EXPECT_TRUE(table.owners_to_copy().empty());
    table.memory_gone();
    table.change(slot, [](auto& record) { record.memory = {{2}}; });
    EXPECT_EQ(table.owners_to_copy(), std::vector{WorkerId{2}});
}

TEST_F(Table, WithAllMemoryGoneNothingIsPinnedCopiedOrWrittenAnyMore) {
    const auto copied = add(0, 1, {{1}});
    const auto waiting = add(1, 1, {{1}});
    for (const auto slot : {copied, waiting}) table.change(slot, [](auto& record) { record.replicated = true; });
    table.change(copied, [](auto& record) {
        record.pins = 1;
        record.copying = {3};
        record.spilling = true;
        record.durable = Durable::writing;
    });
    EXPECT_EQ(table.owners_to_copy(), std::vector{WorkerId{1}});
    table.memory_gone();
    EXPECT_TRUE(table.owners_to_copy().empty());
    EXPECT_EQ(table.first_to_go({1}), std::nullopt);
    EXPECT_EQ(table[copied].pins, 0U);
    EXPECT_FALSE(table[copied].copying.exists());
    EXPECT_FALSE(table[copied].spilling);
    EXPECT_EQ(table[copied].durable, Durable::no);
}

TEST_F(Table, AQuotaOfOneByteIsAQuota) {
    workers.join({4}, "host", 1);
    const auto slot = add(0, 1, {{4}});
    EXPECT_EQ(table.first_to_go({4}), slot);
}

/// Against what a look at all records finds, after each of many changes.
TEST_F(Table, AgreesWithANaiveSearchAfterAnyChange) {
    Stream stream(7, Purpose::test, 0);
    std::vector<std::uint32_t> slots;
    for (std::uint64_t id = 0; id < 20; ++id) slots.push_back(add(id, 1, {{1 + id % 3}}));
    for (int step = 0; step < 5000; ++step) {
        table.change(slots[stream.below(slots.size())], [&](SnapshotRecord& record) {
            const WorkerId worker{1 + stream.below(3)};
            switch (stream.below(6)) {
                case 0:
                    record.priority = static_cast<double>(stream.below(4));
                    break;
                case 1:
                    record.pins = static_cast<std::uint32_t>(stream.below(2));
                    break;
                case 2:
                    record.spilling = stream.below(2) == 0;
                    break;
                case 3:
                    record.replicated = stream.below(2) == 0;
                    break;
                case 4:
                    record.copying = stream.below(2) == 0 ? TransferId{1} : TransferId::none();
                    break;
                default:
                    if (std::erase(record.memory, worker) == 0) record.memory.push_back(worker);
            }
        });
        for (std::uint64_t worker = 1; worker <= 3; ++worker) {
            std::uint64_t held = 0;
            std::optional<std::tuple<bool, double, SnapshotId, std::uint32_t>> to_go;
            std::optional<std::uint32_t> to_copy;
            for (const auto slot : slots) {
                const auto& record = table[slot];
                const auto& memory = record.memory;
                if (std::find(memory.begin(), memory.end(), WorkerId{worker}) == memory.end()) continue;
                if (!record.spilling) held += record.bytes;
                const bool free = !record.spilling && !record.copying.exists();
                if (free && record.pins == 0) {
                    const std::tuple rank(!record.replicated || memory.size() < 2, record.priority, record.id, slot);
                    if (!to_go || rank < *to_go) to_go = rank;
                }
                if (free && record.replicated && memory.size() == 1 && !to_copy) to_copy = slot;
            }
            ASSERT_EQ(workers[{worker}].held, held);
            ASSERT_EQ(table.first_to_copy({worker}), to_copy);
            ASSERT_EQ(table.first_to_go({worker}),
                      to_go ? std::optional(std::get<3>(*to_go)) : std::optional<std::uint32_t>());
        }
    }
}

/// A snapshot whose writer is lost in the middle of a spill is in the other memory still, and may go from there.
TEST(Store, WhatWasBeingSpiltByALostWorkerCanBeSpiltByAnother) {
    WorkerTable workers(1);
    for (std::uint64_t worker = 1; worker <= 2; ++worker) workers.join({worker}, "host", 10);
    TransferTable transfers(workers);
    SnapshotStore store(workers, transfers, true);
    Effects out;
    const auto old = store.add({0}, {0}, 1, 10, {1}, out);
    store.add({1}, {1}, 1, 10, {1}, out);
    ASSERT_EQ(only<effect::Persist>(out).snapshot, SnapshotId{0}) << "it is spilt for the second one";
    const auto transfer = store.send(old, {1}, {2}, {5}, out);
    store.arrived(transfer, out);
    workers.remove({1});
    out.clear();
    store.worker_gone({1}, out);
    EXPECT_EQ(workers[{2}].held, 10U);
    store.add({2}, {2}, 1, 10, {2}, out);
    EXPECT_EQ(only<effect::Persist>(out).worker, WorkerId{2}) << "the new one has no room beside it";
}

}  // namespace
}  // namespace stemma::test
