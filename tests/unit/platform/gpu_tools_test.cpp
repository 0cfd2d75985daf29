#include "platform/gpu_tools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stemma {
namespace {

using testing::ElementsAre;
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
    const auto list = nvidia_gpus(two_gpus);

    ASSERT_THAT(list, SizeIs(2));
    EXPECT_EQ(list[1].index, 1);
    EXPECT_EQ(list[1].name, "NVIDIA H200");
    EXPECT_EQ(list[1].uuid, "GPU-8b562222-bbbb");
}

TEST(GpuList, SlicesReplaceTheirGpu) {
    const auto list = nvidia_gpus(with_slices);

    EXPECT_THAT(uuids(list), testing::ElementsAre("GPU-1111", "MIG-aaaa", "MIG-bbbb"));
    EXPECT_EQ(list[2].index, 2);
    EXPECT_EQ(list[2].name, "NVIDIA A100-SXM4-40GB MIG 3g.20gb");
}

TEST(GpuList, SlicesAsDriversBefore470PrintThem) {
    const auto list = nvidia_gpus(
        "GPU 0: A100-SXM4-40GB (UUID: GPU-5d5ba0d6)\n"
        "  MIG 1g.5gb Device 0: (UUID: MIG-GPU-5d5ba0d6/7/0)\n"
        "  MIG 1g.5gb Device 1: (UUID: MIG-GPU-5d5ba0d6/8/0)\n");

    EXPECT_THAT(uuids(list), testing::ElementsAre("MIG-GPU-5d5ba0d6/7/0", "MIG-GPU-5d5ba0d6/8/0"));
    EXPECT_TRUE(is_slice(list[0]));
    EXPECT_FALSE(is_slice(nvidia_gpus(two_gpus)[0]));
}

TEST(GpuList, AnythingElseIsSkipped) {
    EXPECT_THAT(nvidia_gpus("NVIDIA-SMI has failed because it couldn't communicate with the driver.\n"), IsEmpty());
    EXPECT_THAT(nvidia_gpus("GPU 0: half a li"), IsEmpty());
    EXPECT_THAT(nvidia_gpus(""), IsEmpty());
}

struct Visible {
    const char* what;
    std::optional<std::string> variable;
    std::vector<std::string> expected;
};
class VisibleTable : public testing::TestWithParam<Visible> {};

TEST_P(VisibleTable, Leaves) {
    const auto list = visible_gpus(nvidia_gpus(two_gpus), GetParam().variable);

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

// As ROCm/legacy-rocm-build #5480 shows it (two MI210 with ROCm 6.3.3, of which one has an ID), with the names that
// --showproductname prints.
constexpr auto rocm = R"(
============================ ROCm System Management Interface ============================
====================================== Product Info ======================================
GPU[0]		: Card Series: 		AMD Instinct MI210
GPU[0]		: Card Model: 		0x740f
GPU[1]		: Card Series: 		AMD Instinct MI210
======================================= Unique ID ========================================
GPU[0]		: Unique ID: 0x67c63ac3c3c637f9
GPU[1]		: Unique ID: N/A
==========================================================================================
================================== End of ROCm SMI Log ===================================
)";
// ROCm/legacy-rocm-build #1151: ROCm 3.3 counted from 1 beside an integrated GPU.
constexpr auto old_rocm =
    "========================ROCm System Management Interface========================\n"
    "GPU[1] \t\t: Unique ID: 592c190172fd5d40\n"
    "GPU[2] \t\t: Unique ID: c6f220c172dc76bb\n";

TEST(AmdGpus, AsRocmSmiPrintsThem) {
    const auto list = amd_gpus(rocm);

    EXPECT_THAT(uuids(list), ElementsAre("GPU-67c63ac3c3c637f9", ""));
    EXPECT_EQ(list[0].name, "AMD Instinct MI210");
    EXPECT_EQ(list[1].maker, GpuMaker::amd);
    EXPECT_EQ(list[1].installed, 1);
}

TEST(AmdGpus, OldTools) {
    EXPECT_THAT(uuids(amd_gpus(old_rocm)), ElementsAre("GPU-592c190172fd5d40", "GPU-c6f220c172dc76bb"));
}

TEST(AmdGpus, ShortIdsArePaddedAndZeroIsNone) {
    EXPECT_THAT(uuids(amd_gpus("GPU[0]\t\t: Unique ID: 0xe54792172da5eeb\nGPU[1]\t\t: Unique ID: 0x0\n")),
                ElementsAre("GPU-0e54792172da5eeb", ""));
}

TEST(AmdGpus, AnythingElseIsSkipped) {
    for (const auto* text : {"", "ERROR:root:Driver not initialized (amdgpu not found in modules)\n", "GPU[",
                             "GPU[x]: Unique ID: 1", "GPU[99999999999999]: Unique ID: 0x1", "GPU[0] no colon"})
        EXPECT_THAT(amd_gpus(text), IsEmpty()) << text;
}

TEST(AmdGpus, RocrChoosesFirstAndHipAmongWhatIsLeft) {
    const auto list = amd_gpus(old_rocm);
    const auto visible = [&](const Environment& environment) { return uuids(visible_gpus(list, environment)); };

    EXPECT_THAT(visible({}), SizeIs(2));
    EXPECT_THAT(visible({{"ROCR_VISIBLE_DEVICES", "1"}}), ElementsAre("GPU-c6f220c172dc76bb"));
    EXPECT_THAT(visible({{"ROCR_VISIBLE_DEVICES", "GPU-c6f220c172dc76bb,0"}}),
                ElementsAre("GPU-c6f220c172dc76bb", "GPU-592c190172fd5d40"));
    EXPECT_THAT(visible({{"ROCR_VISIBLE_DEVICES", "1"}, {"HIP_VISIBLE_DEVICES", "0"}}),
                ElementsAre("GPU-c6f220c172dc76bb"));
    EXPECT_THAT(visible({{"CUDA_VISIBLE_DEVICES", "1"}}), ElementsAre("GPU-c6f220c172dc76bb"));
    EXPECT_THAT(visible({{"CUDA_VISIBLE_DEVICES", "1"}, {"HIP_VISIBLE_DEVICES", "0"}}),
                ElementsAre("GPU-592c190172fd5d40"));
    EXPECT_THAT(visible({{"HIP_VISIBLE_DEVICES", ""}}), IsEmpty());
}

// As Intel's user guide of XPU-SMI shows it (intel.github.io/xpumanager/smi_user_guide.html), with two cards of the Max
// series and a virtual function.
constexpr auto xpu_smi = R"({
    "device_list": [
        {"device_function_type": "physical", "device_id": 0, "device_name": "Intel(R) Data Center GPU Max 1100",
         "device_type": "GPU", "pci_bdf_address": "0000:29:00.0", "pci_device_id": "0xbda",
         "uuid": "00000000-0000-0029-0000-002f0bda8086", "vendor_name": "Intel(R) Corporation"},
        {"device_function_type": "virtual", "device_id": 1, "device_name": "Intel(R) Data Center GPU Max 1100",
         "device_type": "GPU", "uuid": "00000000-0000-0029-0001-002f0bda8086"},
        {"device_id": 2, "device_name": "Intel(R) Data Center GPU Max 1100", "device_type": "GPU",
         "uuid": "00000000-0000-009a-0000-002f0bda8086"}
    ]
})";

TEST(IntelGpus, AsXpuSmiPrintsThem) {
    const auto list = intel_gpus(xpu_smi);

    EXPECT_THAT(uuids(list),
                ElementsAre("00000000-0000-0029-0000-002f0bda8086", "00000000-0000-009a-0000-002f0bda8086"));
    EXPECT_EQ(list[1].name, "Intel(R) Data Center GPU Max 1100");
    EXPECT_EQ(list[1].maker, GpuMaker::intel);
    EXPECT_EQ(list[1].index, 1);
}

TEST(IntelGpus, AnythingElseIsNone) {
    for (const auto* text : {"", "[]", "{}", "null", "Error: Level Zero Initialization Error", R"({"device_list": 3})",
                             R"({"device_list": [7, "x"]})"})
        EXPECT_THAT(intel_gpus(text), IsEmpty()) << text;
    EXPECT_THAT(uuids(intel_gpus(R"({"device_list": [{"uuid": 5, "device_name": null}]})")), ElementsAre(""));
}

TEST(IntelGpus, TheMaskChoosesCardsAndItsOrderDoesNotCount) {
    const auto list = intel_gpus(xpu_smi);
    const auto left = [&](const char* mask) {
        std::vector<int> numbers;
        for (const auto& gpu : visible_gpus(list, Environment{{"ZE_AFFINITY_MASK", mask}}))
            numbers.push_back(gpu.installed);
        return numbers;
    };

    EXPECT_THAT(left(""), ElementsAre(0, 1));
    EXPECT_THAT(left("1"), ElementsAre(1));
    EXPECT_THAT(left("1,0"), ElementsAre(0, 1));
    EXPECT_THAT(left("1.0, 1.1"), ElementsAre(1));
    EXPECT_THAT(left("7"), IsEmpty());
    EXPECT_EQ(visible_gpus(list, Environment{{"ZE_AFFINITY_MASK", "1"}}).front().index, 0);
}

}  // namespace
}  // namespace stemma
