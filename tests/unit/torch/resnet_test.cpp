// ResNet-18 and CIFAR-10: shapes, loader, learning, hypergradients, continuation.
#include "trainer/torch/networks/network.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "core/error.hpp"
#include "trainer/torch/data/images.hpp"
#include "trainer/torch/kernels/convolution.hpp"
#include "unit/torch/small_data.hpp"
#include "unit/torch/small_network.hpp"
#include "unit/torch/training.hpp"

namespace stemma {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TorchSettings cifar(const Fixed& fixed = {}) {
    TorchSettings settings;
    settings.data = "cifar10";
    settings.path = cifar_folder();
    settings.model = "resnet18";
    settings.fixed = {{"width", std::int64_t{8}}, {"batch_size", std::int64_t{20}}};
    for (const auto& [name, value] : fixed) settings.fixed[name] = value;
    return settings;
}

const Point resnet_start{{"lr", 0.02}, {"weight_decay", 1e-4}, {"momentum", 0.5}};

std::shared_ptr<Network> network_of(std::int64_t channels, std::int64_t side, std::int64_t width, std::uint64_t seed) {
    Data data;
    data.classes = 10;
    data.train.x = torch::zeros({1, channels, side, side}, torch::kUInt8);
    Hyperparameters h;
    h.width = width;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return make_resnet18({data, h, {.twice = true}, generator});
}

TEST(ResNet18, HasTorchvisionsParametersAndNames) {
    const auto network = network_of(3, 32, 64, 1);
    std::int64_t numbers = 0;
    for (const auto& parameter : network->parameters()) numbers += parameter.numel();
    EXPECT_EQ(numbers, 11'181'642);  // torchvision.models.resnet18(num_classes=10)
    EXPECT_EQ(network->parameters().size(), 62U);
    EXPECT_EQ(network->buffers().size(), 60U);
    const auto parameters = network->named_parameters();
    EXPECT_EQ(parameters["conv1.weight"].sizes(), (at::IntArrayRef{64, 3, 7, 7}));
    EXPECT_EQ(parameters["layer2.0.downsample.0.weight"].sizes(), (at::IntArrayRef{128, 64, 1, 1}));
    EXPECT_EQ(parameters["layer4.1.conv2.weight"].sizes(), (at::IntArrayRef{512, 512, 3, 3}));
    EXPECT_EQ(parameters["fc.bias"].sizes(), (at::IntArrayRef{10}));
    EXPECT_TRUE(network->named_buffers().contains("layer3.0.downsample.1.running_var"));
    EXPECT_EQ(network->forward(torch::zeros({2, 3, 32, 32})).sizes(), (at::IntArrayRef{2, 10}));
}

TEST(ResNet18, TakesImagesOfOneChannel) {
    EXPECT_EQ(network_of(1, 28, 4, 1)->forward(torch::zeros({3, 1, 28, 28})).sizes(), (at::IntArrayRef{3, 10}));
}

TEST(ResNet18, FirstWeightsAreAFunctionOfTheSeed) {
    const auto first = network_of(3, 32, 16, 1), again = network_of(3, 32, 16, 1), other = network_of(3, 32, 16, 2);
    const auto weight = [](const std::shared_ptr<Network>& of) {
        return of->named_parameters()["layer4.0.conv1.weight"];
    };
    EXPECT_TRUE(weight(first).equal(weight(again)));
    EXPECT_FALSE(weight(first).equal(weight(other)));
    EXPECT_NEAR(weight(first).std().item<double>(), std::sqrt(2 / (128 * 9.0)), 1e-3);
    EXPECT_EQ(first->named_parameters()["bn1.weight"].sum().item<double>(), 16);
}

/// By each tensor of `from`: a number made of the first and of the second derivatives of a loss.
std::vector<torch::Tensor> twice(const torch::Tensor& output, const std::vector<torch::Tensor>& from) {
    const auto weights = torch::sin(torch::arange(output.numel(), output.options())).view_as(output);
    const auto first = torch::autograd::grad({(output.tanh() * weights).sum()}, from, {}, true, true);
    auto mixed = torch::zeros({}, output.options());
    for (const auto& one : first) {
        mixed = mixed + (one * torch::cos(torch::arange(one.numel(), one.options())).view_as(one)).sum();
    }
    auto both = torch::autograd::grad({mixed}, from, {}, true);
    for (const auto& one : first) both.push_back(one.detach());
    return both;
}

TEST(ConvolutionTwice, HasLibTorchsDerivatives) {
    torch::manual_seed(3);
    for (const auto& [kernel, stride] : {std::pair{3, 1}, {3, 2}, {7, 2}, {1, 2}}) {
        const auto x = torch::randn({2, 3, 9, 8}, f64).requires_grad_();
        const auto weight = torch::randn({4, 3, kernel, kernel}, f64).requires_grad_();
        const auto ours = convolution_twice(x, weight, stride, kernel / 2);
        const auto theirs = torch::conv2d(x, weight, {}, stride, kernel / 2);
        expect_near(ours, theirs);
        for (const auto& from : {std::vector{x, weight}, std::vector{weight}, std::vector{x}}) {
            const auto found = twice(ours, from), expected = twice(theirs, from);
            for (std::size_t i = 0; i < found.size(); ++i) expect_near(found[i], expected[i], 1e-10);
        }
        const auto image = x.detach();  // the first layer: no derivative by the image
        const auto found = twice(convolution_twice(image, weight, stride, kernel / 2), {weight}),
                   expected = twice(torch::conv2d(image, weight, {}, stride, kernel / 2), {weight});
        for (std::size_t i = 0; i < found.size(); ++i) expect_near(found[i], expected[i], 1e-10);
    }
}

TEST(Cifar10, IsSplitAndStandardizedByChannel) {
    auto settings = cifar();
    settings.split = "rows";
    auto data = load_cifar10(settings);
    EXPECT_EQ(data.train.x.sizes(), (at::IntArrayRef{100, 3, 32, 32}));
    EXPECT_EQ(data.valid.size(), 10);
    EXPECT_EQ(data.test.size(), 10);
    EXPECT_EQ(data.train.x.scalar_type(), torch::kUInt8);
    const auto input = data.input(data.train.x.slice(0, 0, 2));
    EXPECT_NEAR(input[1][2][5][7].item<double>(), (data.train.x[1][2][5][7].item<double>() / 255 - 0.4465) / 0.261,
                1e-6);

    settings.valid = 0.3;
    data = load_cifar10(settings);
    EXPECT_EQ(data.train.size(), 70);
    EXPECT_EQ(data.valid.size(), 30);
    EXPECT_EQ(data.test.size(), 20);
    EXPECT_EQ(data.valid.y[0].item<std::int64_t>(), ((70 % 20) * 7 + 3) % 10);  // image 10 of data_batch_4.bin
}

TEST(Cifar10, IsFoundInTheFolderOfItsArchive) {
    const auto folder = SmallData::folder() / "unpacked";
    write_cifar(folder / "cifar-10-batches-bin", 2);
    auto settings = cifar();
    settings.path = folder.string();
    EXPECT_EQ(load_cifar10(settings).train.size(), 10);
}

TEST(Cifar10, ErrorsSayWhatWhereAndWhatToDo) {
    const auto refuses = [](const TorchSettings& settings, auto text) {
        EXPECT_THAT([&] { make_torch_trainer(settings, std::make_shared<const SearchSpace>()); },
                    ThrowsMessage<UserError>(text));
    };
    auto settings = cifar();
    settings.path = "/nowhere";
    refuses(settings, AllOf(HasSubstr("no data_batch_1.bin in /nowhere"), HasSubstr("trainer.path"),
                            HasSubstr("cifar-10-binary.tar.gz")));
    settings.path = "";
    refuses(settings, HasSubstr("trainer.path is missing"));
    const auto folder = SmallData::folder() / "incomplete";
    write_cifar(folder, 2);
    settings.path = folder.string();
    std::filesystem::resize_file(folder / "data_batch_3.bin", 3073 + 100);
    refuses(settings, AllOf(HasSubstr("data_batch_3.bin"), HasSubstr("has 3173 bytes")));
    std::filesystem::remove(folder / "test_batch.bin");
    refuses(settings, HasSubstr("no test_batch.bin"));
    settings = cifar();
    settings.model = "resnet-18";
    refuses(settings, HasSubstr("did you mean \"resnet18\""));
    settings.model = "lenet";
    refuses(settings, HasSubstr("must be \"mlp\", \"resnet18\" or \"torchscript\" for data = \"cifar10\""));
    settings.model = "lstm";
    refuses(settings, HasSubstr("for data = \"cifar10\""));
}

TEST(ResNet18, LearnsImages) {
    const auto space = std::make_shared<const SearchSpace>();
    Training training(space, cifar({{"lr", 0.02}, {"momentum", 0.9}}), {});
    const auto trained = training.train(0, 6);
    const auto loss = [&](std::size_t epoch) { return training.value(trained.rows[epoch], "train_loss"); };
    EXPECT_GT(loss(0), 1.5);  // 2.3 is a guess
    EXPECT_LT(loss(5), 0.7 * loss(0));
    EXPECT_GT(training.value(trained.rows.back(), "valid_accuracy"), 0.4);
    EXPECT_THAT(training.trainer->describe(), HasSubstr("CIFAR-10, ResNet-18"));
    EXPECT_NE(trained.snapshot.find("model/layer4.1.bn2.running_var"), nullptr);
}

TEST(ResNet18, MixedPrecisionTrainsAlsoWhenSomethingMoves) {
    auto settings = cifar({{"width", std::int64_t{4}}});
    settings.precision = "bf16";
    settings.hypergradient = HypergradientSettings{.interval = 2, .terms = 2};
    settings.valid = 40;
    Training moving(sgd_space(), settings, resnet_start);
    const auto trained = moving.train(0, 2);
    EXPECT_GT(moving.value(trained.rows.back(), "hypergradient_norm"), 0);
    EXPECT_TRUE(std::isfinite(moving.value(trained.rows.back(), "hypergradient_norm")));
}

TEST(ResNet18, LearnsImagesWhileHyperparametersMove) {
    auto settings = cifar();
    settings.valid = 40;
    settings.hypergradient = HypergradientSettings{.variant = "wd_lr_m", .interval = 4};
    Training moving(sgd_space(), settings, resnet_start);
    const auto trained = moving.train(0, 8);
    std::vector<double> losses;  // of the epochs; points of the trajectory between them have none
    for (const auto& row : trained.rows) {
        if (const double loss = moving.value(row, "train_loss"); !std::isnan(loss)) losses.push_back(loss);
    }
    ASSERT_EQ(losses.size(), 8U);
    EXPECT_LT(losses.back(), losses.front());
}

TEST(ResNet18, ABatchOfOneImageIsInfeasible) {
    Training training(std::make_shared<const SearchSpace>(), cifar({{"batch_size", std::int64_t{1}}}), {});
    EXPECT_THAT([&] { training.train(0, 1); }, ThrowsMessage<std::runtime_error>(HasSubstr("at least two rows")));
}

TEST(ResNet18, HypergradientsMoveAndGoOnBitForBit) {
    for (const auto* variant : {"wd_lr_m", "wd_hdlr_m", "diff_through_opt"}) {
        auto settings = cifar({{"width", std::int64_t{4}}});
        settings.unit = "step";
        settings.valid = 40;
        settings.hypergradient = HypergradientSettings{.variant = variant, .interval = 4, .terms = 3, .window = 3};
        Training training(sgd_space(), settings, resnet_start);
        const auto whole = training.train(0, 9);
        const auto& last = whole.rows.back();
        EXPECT_GT(training.value(last, "hypergradient_norm"), 0) << variant;
        EXPECT_TRUE(std::isfinite(training.value(last, "hypergradient_norm"))) << variant;
        EXPECT_NE(training.value(last, "hyper_lr"), 0.02) << variant;
        EXPECT_NE(training.value(last, "hyper_momentum"), 0.5) << variant;
        for (const Resource cut : {3, 7}) {  // in the middle of an epoch of 3 steps, and of diff_through_opt's window
            const auto first = training.train(0, cut);
            EXPECT_TRUE(equal_content(training.train(cut, 9, &first.snapshot).snapshot, whole.snapshot))
                << variant << " cut after " << cut;
        }
    }
}

}  // namespace
}  // namespace stemma
