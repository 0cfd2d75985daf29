#include "core/id_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "core/rng.hpp"

namespace stemma {
namespace {

TEST(IdMap, EmptyTableFindsNothing) {
    IdMap<LeaseId, int> map;
    EXPECT_EQ(map.find({0}), nullptr);
    EXPECT_FALSE(map.erase({0}));
    EXPECT_EQ(map.size(), 0U);
    EXPECT_EQ(map.memory_bytes(), 0U);
}

TEST(IdMap, NewRecordIsDefault) {
    IdMap<LeaseId, int> map;
    EXPECT_EQ(map[{7}], 0);
    map[{7}] = 3;
    EXPECT_EQ(map[{7}], 3);
    EXPECT_EQ(map.size(), 1U);
}

TEST(IdMap, NoneHasNoRecord) {
    IdMap<LeaseId, int> map;
    map[{0}] = 1;
    EXPECT_EQ(map.find(LeaseId::none()), nullptr);
    EXPECT_FALSE(map.erase(LeaseId::none()));
    EXPECT_THROW(map[LeaseId::none()], InternalError);
}

TEST(IdMap, ErasedRecordLetsItsContentGo) {
    IdMap<SnapshotId, std::shared_ptr<int>> map;
    const auto content = std::make_shared<int>(5);
    for (std::uint64_t id = 0; id < 100; ++id) map[{id}] = content;
    EXPECT_EQ(content.use_count(), 101);
    for (std::uint64_t id = 0; id < 100; id += 2) EXPECT_TRUE(map.erase({id}));
    EXPECT_EQ(content.use_count(), 51);
}

TEST(IdMap, AgreesWithAnOrderedMap) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Stream random(seed, Purpose::test);
        IdMap<LeaseId, std::uint64_t> map;
        std::map<std::uint64_t, std::uint64_t> expected;
        const auto ids = 1 + random.below(300);
        for (int step = 0; step < 5000; ++step) {
            const auto id = random.below(ids) << (seed % 3 * 20U);  // dense, and in large steps
            if (random.below(2) == 0) {
                map[{id}] = expected[id] = random();
            } else {
                EXPECT_EQ(map.erase({id}), expected.erase(id) > 0);
            }
            ASSERT_EQ(map.size(), expected.size());
        }
        for (std::uint64_t number = 0; number < ids; ++number) {
            const auto id = number << (seed % 3 * 20U);
            const auto known = expected.find(id);
            const auto* found = map.find({id});
            ASSERT_EQ(found != nullptr, known != expected.end());
            if (found != nullptr) {
                EXPECT_EQ(*found, known->second);
            }
        }
    }
}

}  // namespace
}  // namespace stemma
