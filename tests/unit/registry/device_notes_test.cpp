// What a job says of a GPU that it will not train on.
#include "app/ranks/device_assignment.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

const GpuList gpus{{0, "GPU-1", "NVIDIA A100"}};

Job torch_job(const std::string& more = "") {
    return parse(torch_head + "type = \"torch\"\ndata = \"fashion_mnist\"\nmodel = \"mlp\"\n" + more +
                 "[space.lr]\ntype = \"real\"\nlow = 0.1\nhigh = 1.0\n");
}

TEST(UnusedGpus, AreToldWhereLibTorchHasNoCuda) {
    EXPECT_THAT(unused_gpus_note(torch_job(), "", gpus),
                testing::AllOf(testing::StartsWith("training on the CPU"), testing::HasSubstr("NVIDIA A100")));
}

TEST(UnusedGpus, AreNotToldWhereNothingIsUnexpected) {
    EXPECT_EQ(unused_gpus_note(torch_job(), "cuda", gpus), "") << "LibTorch uses them";
    EXPECT_EQ(unused_gpus_note(torch_job(), "", {}), "") << "there is none";
    EXPECT_EQ(unused_gpus_note(torch_job("[workers]\ndevice = \"cpu\"\n"), "", gpus), "") << "asked for";
    EXPECT_EQ(unused_gpus_note(parse(toy_job), "", gpus), "") << "not trained by LibTorch";
}

}  // namespace
}  // namespace stemma::job_test
