#include "platform/gpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"

namespace stemma {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto two_gpus =
    "GPU 0: NVIDIA H200 (UUID: GPU-8a561111-aaaa)\n"
    "GPU 1: NVIDIA H200 (UUID: GPU-8b562222-bbbb)\n";

// The second GPU is cut into two slices.
constexpr auto with_slices =
    "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1111)\n"
    "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-2222)\n"
    "  MIG 3g.20gb     Device  0: (UUID: MIG-aaaa)\n"
    "  MIG 3g.20gb     Device  1: (UUID: MIG-bbbb)\n";

std::vector<std::string> uuids(const GpuList& list) {
    std::vector<std::string> result;
    for (const auto& gpu : list) result.push_back(gpu.uuid);
    return result;
}

TEST(GpuList, Plain) {
    const auto list = parse_gpu_list(two_gpus);

    ASSERT_THAT(list, SizeIs(2));
    EXPECT_EQ(list[1].index, 1);
    EXPECT_EQ(list[1].name, "NVIDIA H200");
    EXPECT_EQ(list[1].uuid, "GPU-8b562222-bbbb");
}

TEST(GpuList, SlicesReplaceTheirGpu) {
    const auto list = parse_gpu_list(with_slices);

    EXPECT_THAT(uuids(list), testing::ElementsAre("GPU-1111", "MIG-aaaa", "MIG-bbbb"));
    EXPECT_EQ(list[2].index, 2);
    EXPECT_EQ(list[2].name, "NVIDIA A100-SXM4-40GB MIG 3g.20gb");
}

TEST(GpuList, AnythingElseIsSkipped) {
    EXPECT_THAT(parse_gpu_list("NVIDIA-SMI has failed because it couldn't communicate with the driver.\n"), IsEmpty());
    EXPECT_THAT(parse_gpu_list("GPU 0: half a li"), IsEmpty());
    EXPECT_THAT(parse_gpu_list(""), IsEmpty());
}

struct Visible {
    const char* what;
    std::optional<std::string> variable;
    std::vector<std::string> expected;
};
class VisibleTable : public testing::TestWithParam<Visible> {};

TEST_P(VisibleTable, Leaves) {
    const auto list = visible_gpus(parse_gpu_list(two_gpus), GetParam().variable);

    EXPECT_EQ(uuids(list), GetParam().expected);
    for (int i = 0; i < std::ssize(list); ++i) EXPECT_EQ(list[static_cast<std::size_t>(i)].index, i);
}

const std::string first_gpu = "GPU-8a561111-aaaa";
const std::string second_gpu = "GPU-8b562222-bbbb";
INSTANTIATE_TEST_SUITE_P(CudaVisibleDevices, VisibleTable,
                         testing::Values(Visible{"unset", std::nullopt, {first_gpu, second_gpu}},
                                         Visible{"empty", "", {}}, Visible{"minus_one", "-1", {}},
                                         Visible{"one", "1", {second_gpu}},
                                         Visible{"order_counts", "1, 0", {second_gpu, first_gpu}},
                                         Visible{"invalid_ends_the_list", "0,7,1", {first_gpu}},
                                         Visible{"uuid", second_gpu, {second_gpu}},
                                         Visible{"beginning_of_a_uuid", "GPU-8b", {second_gpu}},
                                         Visible{"ambiguous_beginning", "GPU-8", {}}, Visible{"words", "none", {}}),
                         [](const auto& row) { return std::string(row.param.what); });

struct Assignment {
    const char* what;
    int visible;
    int worker;
    int workers;
    int workers_per_gpu;
    int expected;  // -1: refused
};
class AssignTable : public testing::TestWithParam<Assignment> {};

TEST_P(AssignTable, Gives) {
    const auto& row = GetParam();
    GpuRequest request{
        .visible = {}, .worker = row.worker, .workers = row.workers, .workers_per_gpu = row.workers_per_gpu};
    for (int i = 0; i < row.visible; ++i) request.visible.push_back({i, "GPU-" + std::to_string(i), "a GPU"});

    const auto answer = assign_gpu(request);

    if (row.expected < 0) {
        ASSERT_TRUE(std::holds_alternative<GpuError>(answer));
        EXPECT_THAT(std::get<GpuError>(answer).message, testing::AnyOf(HasSubstr("per_gpu"), HasSubstr("device")));
    } else {
        ASSERT_TRUE(std::holds_alternative<Gpu>(answer)) << std::get<GpuError>(answer).message;
        EXPECT_EQ(std::get<Gpu>(answer).index, row.expected);
    }
}

INSTANTIATE_TEST_SUITE_P(
    AssignGpu, AssignTable,
    testing::Values(Assignment{"no_gpu", 0, 0, 1, 1, -1}, Assignment{"one_for_one", 1, 0, 1, 1, 0},
                    Assignment{"launcher_bound_one_each", 1, 3, 4, 1, 0},
                    Assignment{"all_visible_first", 4, 0, 4, 1, 0}, Assignment{"all_visible_last", 4, 3, 4, 1, 3},
                    Assignment{"more_gpus_than_workers", 8, 1, 2, 1, 1}, Assignment{"too_few", 2, 2, 3, 1, -1},
                    Assignment{"too_few_but_mine_is_there", 2, 1, 3, 1, 1},
                    Assignment{"shared_neighbours_0", 2, 1, 4, 2, 0}, Assignment{"shared_neighbours_1", 2, 2, 4, 2, 1},
                    Assignment{"one_shared_by_three", 1, 2, 3, 3, 0},
                    Assignment{"one_shared_by_two_of_three", 1, 2, 3, 2, -1}),
    [](const auto& row) { return std::string(row.param.what); });

TEST(AssignGpu, CountsOutOfRangeAreBugs) {
    EXPECT_THROW(assign_gpu({.visible = {}, .worker = 1, .workers = 1, .workers_per_gpu = 1}), InternalError);
    EXPECT_THROW(assign_gpu({.visible = {}, .worker = 0, .workers = 1, .workers_per_gpu = 0}), InternalError);
}

TEST(AssignGpus, SeveralForEachWorker) {
    const auto visible = [](int count) {
        GpuList list;
        for (int i = 0; i < count; ++i) list.push_back({i, "GPU-" + std::to_string(i), "a GPU"});
        return list;
    };
    const auto first = [](const std::variant<GpuList, GpuError>& answer) {
        const auto* list = std::get_if<GpuList>(&answer);
        return list == nullptr ? std::string("error") : list->empty() ? "none" : list->front().uuid;
    };

    EXPECT_EQ(first(assign_gpus({visible(8), 1, 4, 1}, 2)), "GPU-2");
    EXPECT_EQ(std::get<GpuList>(assign_gpus({visible(8), 1, 4, 1}, 2)).size(), 2U);
    EXPECT_EQ(first(assign_gpus({visible(2), 3, 4, 1}, 2)), "GPU-0") << "the launcher bound two to each";
    EXPECT_EQ(first(assign_gpus({visible(4), 0, 4, 1}, 2)), "error") << "four workers need eight";
    EXPECT_EQ(first(assign_gpus({{}, 0, 4, 1}, 2)), "none");
}

TEST(SharedGpuWarnings, NameHostGpuAndCount) {
    const auto warnings = shared_gpu_warnings("node7", {"GPU-a", "GPU-b", "", "GPU-a", ""}, 1);

    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_THAT(warnings[0], testing::AllOf(HasSubstr("node7"), HasSubstr("2 workers"), HasSubstr("GPU-a")));
    EXPECT_THAT(shared_gpu_warnings("node7", {"GPU-a", "GPU-a"}, 2), IsEmpty());
}

}  // namespace
}  // namespace stemma
