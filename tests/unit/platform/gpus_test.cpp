#include "platform/gpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using testing::HasSubstr;

struct Assignment {
    const char* what;
    std::vector<std::vector<const char*>> visible;  // UUIDs that each worker of the host sees
    int worker;
    int workers_per_gpu;
    const char* expected;  // UUID; nullptr: refused
};
class AssignTable : public testing::TestWithParam<Assignment> {};

TEST_P(AssignTable, Gives) {
    const auto& row = GetParam();
    GpuRequest request{.visible = {}, .worker = row.worker, .workers_per_gpu = row.workers_per_gpu};
    for (const auto& list : row.visible) {
        auto& seen = request.visible.emplace_back();
        for (const auto* uuid : list) seen.push_back({static_cast<int>(seen.size()), uuid, "a GPU"});
    }

    const auto answer = assign_gpus(request);

    if (row.expected == nullptr) {
        ASSERT_TRUE(std::holds_alternative<GpuError>(answer));
        EXPECT_THAT(std::get<GpuError>(answer).message, testing::AnyOf(HasSubstr("per_gpu"), HasSubstr("device")));
        return;
    }
    ASSERT_TRUE(std::holds_alternative<GpuList>(answer)) << std::get<GpuError>(answer).message;
    const auto& gpu = std::get<GpuList>(answer).front();
    EXPECT_EQ(gpu.uuid, row.expected);
    EXPECT_EQ(gpu.index,
              std::ranges::find(request.visible[static_cast<std::size_t>(row.worker)], gpu.uuid, &Gpu::uuid) -
                  request.visible[static_cast<std::size_t>(row.worker)].begin())
        << "CUDA's number of it in this very process";
}

using Seen = std::vector<std::vector<const char*>>;
Seen all_see(std::size_t workers, std::vector<const char*> gpus) { return Seen(workers, gpus); }

INSTANTIATE_TEST_SUITE_P(
    AssignGpu, AssignTable,
    testing::Values(Assignment{"no_gpu", {{}}, 0, 1, nullptr}, Assignment{"one_for_one", {{"A"}}, 0, 1, "A"},
                    Assignment{"all_visible_first", all_see(4, {"A", "B", "C", "D"}), 0, 1, "A"},
                    Assignment{"all_visible_last", all_see(4, {"A", "B", "C", "D"}), 3, 1, "D"},
                    Assignment{"more_gpus_than_workers", all_see(2, {"A", "B", "C"}), 1, 1, "B"},
                    Assignment{"too_few", all_see(3, {"A", "B"}), 2, 1, nullptr},
                    Assignment{"too_few_but_mine_is_there", all_see(3, {"A", "B"}), 1, 1, "B"},
                    // srun --gpus-per-task=1, or --gpu-bind=single:1: each task sees its own, as cuda:0
                    Assignment{"gpus_per_task_first", {{"A"}, {"B"}, {"C"}}, 0, 1, "A"},
                    Assignment{"gpus_per_task_last", {{"A"}, {"B"}, {"C"}}, 2, 1, "C"},
                    Assignment{"launcher_bound_one_to_two", {{"A"}, {"A"}}, 1, 1, nullptr},
                    Assignment{"launcher_bound_one_to_two_as_asked", {{"A"}, {"A"}}, 1, 2, "A"},
                    Assignment{"bound_to_pairs", {{"A", "B"}, {"A", "B"}, {"C", "D"}, {"C", "D"}}, 3, 1, "D"},
                    Assignment{"the_bound_one_chooses_first", {{"A", "B"}, {"A"}}, 0, 1, "B"},
                    Assignment{"other_order_here", {{"B", "A"}, {"A", "B"}}, 1, 1, "A"},
                    Assignment{"slices", all_see(3, {"GPU-1", "MIG-a", "MIG-b"}), 2, 1, "MIG-b"},
                    Assignment{"cpu_worker_beside_gpu_workers", {{}, {"A"}}, 1, 1, "A"},
                    Assignment{"shared_neighbors_first", all_see(4, {"A", "B"}), 1, 2, "A"},
                    Assignment{"shared_neighbors_second", all_see(4, {"A", "B"}), 2, 2, "B"},
                    Assignment{"one_shared_by_three", all_see(3, {"A"}), 2, 3, "A"},
                    Assignment{"one_shared_by_two_of_three", all_see(3, {"A"}), 2, 2, nullptr},
                    Assignment{"unknown_uuids_go_by_index", all_see(1, {""}), 0, 1, ""},
                    Assignment{"unknown_uuids_are_shared", all_see(2, {""}), 1, 1, nullptr}),
    [](const auto& row) { return std::string(row.param.what); });

TEST(AssignGpu, NoTwoWorkersGetOneGpuWhateverTheySee) {
    // All ways in which three workers may see three GPUs.
    for (int pattern = 0; pattern < 512; ++pattern) {
        GpuRequest request{.visible = std::vector<GpuList>(3)};
        for (int bit = 0; bit < 9; ++bit) {
            if ((pattern >> bit & 1) == 0) continue;
            auto& seen = request.visible[static_cast<std::size_t>(bit / 3)];
            seen.push_back({static_cast<int>(seen.size()), std::string(1, static_cast<char>('A' + bit % 3)), ""});
        }
        std::vector<std::string> given;
        for (request.worker = 0; request.worker < 3; ++request.worker) {
            const auto answer = assign_gpus(request);
            if (const auto* gpus = std::get_if<GpuList>(&answer)) given.push_back(gpus->front().uuid);
        }
        std::ranges::sort(given);
        EXPECT_EQ(std::ranges::adjacent_find(given), given.end()) << "pattern " << pattern;
    }
}

TEST(AssignGpu, CountsOutOfRangeAreBugs) {
    EXPECT_ERROR(assign_gpus({.visible = {{}}, .worker = 1, .workers_per_gpu = 1}), InternalError,
                 "assign_gpus: a worker of this host");
    EXPECT_ERROR(assign_gpus({.visible = {{}}, .worker = 0, .workers_per_gpu = 0}), InternalError,
                 "assign_gpus: counts from 1");
}

TEST(AssignGpu, WithoutUuidsTheNumberOnTheHostTells) {
    const Gpu first{.maker = GpuMaker::amd, .installed = 0}, second{.maker = GpuMaker::amd, .installed = 1};
    const GpuRequest request{.visible = {{first}, {second}}, .worker = 1};  // each sees its own as number 0
    ASSERT_TRUE(std::holds_alternative<GpuList>(assign_gpus(request)));
    EXPECT_EQ(std::get<GpuList>(assign_gpus(request)).front().installed, 1);
}

TEST(Gpu, EachMakerHasItsVariable) {
    Gpu gpu{.index = 0, .uuid = "GPU-1", .installed = 3};
    EXPECT_EQ(visibility_variable(gpu.maker), "CUDA_VISIBLE_DEVICES");
    EXPECT_EQ(visibility_value(gpu), "GPU-1");
    EXPECT_EQ(torch_name(gpu.maker), "cuda");
    gpu.maker = GpuMaker::amd;
    EXPECT_EQ(visibility_variable(gpu.maker), "ROCR_VISIBLE_DEVICES");
    EXPECT_EQ(visibility_value(gpu), "GPU-1");
    EXPECT_EQ(torch_name(gpu.maker), "cuda") << "the name of ROCm's LibTorch";
    gpu.uuid = "";
    EXPECT_EQ(visibility_value(gpu), "3");
    gpu = {.uuid = "00000000-0000-0029-0000-002f0bda8086", .maker = GpuMaker::intel, .installed = 2};
    EXPECT_EQ(visibility_variable(gpu.maker), "ZE_AFFINITY_MASK");
    EXPECT_EQ(visibility_value(gpu), "2") << "the mask knows no UUIDs";
    EXPECT_EQ(torch_name(gpu.maker), "xpu");
    gpu = {.index = 1, .maker = GpuMaker::other, .installed = 1};
    EXPECT_EQ(visibility_variable(gpu.maker), "");
    EXPECT_EQ(torch_name(gpu.maker), "privateuseone") << "of whatever name";
}

TEST(AssignGpus, SeveralForEachWorker) {
    const auto visible = [](int count) {
        GpuList list;
        for (int i = 0; i < count; ++i) list.push_back({i, "GPU-" + std::to_string(i), "a GPU"});
        return list;
    };
    const auto first = [](const std::variant<GpuList, GpuError>& answer) {
        const auto* list = std::get_if<GpuList>(&answer);
        return list == nullptr ? std::string("error") : list->front().uuid;
    };

    const auto all = [&](int gpus, std::size_t workers, int worker) {
        return assign_gpus({std::vector<GpuList>(workers, visible(gpus)), worker, 1, 2});
    };
    EXPECT_EQ(first(all(8, 4, 1)), "GPU-2");
    EXPECT_EQ(std::get<GpuList>(all(8, 4, 1)).size(), 2U);
    EXPECT_EQ(first(all(4, 4, 2)), "error") << "four workers need eight";
    EXPECT_EQ(first(all(1, 1, 0)), "error") << "one is not two";
    const std::vector<GpuList> bound = {{{0, "GPU-a", ""}, {1, "GPU-b", ""}}, {{0, "GPU-c", ""}, {1, "GPU-d", ""}}};
    EXPECT_EQ(first(assign_gpus({bound, 1, 1, 2})), "GPU-c") << "the launcher bound two to each";
}

}  // namespace
}  // namespace stemma
