#include "trainer/torch/data/images.hpp"

#include <array>
#include <filesystem>

#include "core/error.hpp"
#include "trainer/torch/data/cifar.hpp"
#include "trainer/torch/data/idx.hpp"
#include "trainer/torch/data/split.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr const char* fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";
constexpr std::array cifar_training = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                       "data_batch_5.bin"};
constexpr const char* cifar_test = "test_batch.bin";

std::string idx_file(const TorchSettings& settings, const std::string& name) {
    const auto folder = fs::path(settings.path.empty() ? fashion_mnist_folder : settings.path);
    for (const auto* ending : {".gz", ""}) {
        if (const auto file = folder / (name + ending); fs::exists(file)) return file.string();
    }
    throw UserError("Fashion-MNIST: no " + name + ".gz in " + folder.string() +
                    "; `apt install dataset-fashion-mnist` puts it into " + fashion_mnist_folder +
                    ", or name its folder as trainer.path");
}

/// The archive unpacks into a folder of its own.
std::string cifar_file(const TorchSettings& settings, const std::string& name) {
    for (const auto& folder : {fs::path(settings.path), fs::path(settings.path) / "cifar-10-batches-bin"}) {
        if (const auto file = folder / name; fs::exists(file)) return file.string();
    }
    throw UserError("CIFAR-10: no " + name + " in " + settings.path +
                    " (trainer.path); unpack cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html "
                    "there");
}

/// from_blob only reads: clone() and to() copy.
Rows as_rows(const std::vector<std::uint8_t>& pixels, const std::vector<std::uint8_t>& labels,
             const std::vector<std::int64_t>& shape) {
    const auto bytes = torch::TensorOptions().dtype(torch::kUInt8);
    return {
        torch::from_blob(const_cast<std::uint8_t*>(pixels.data()), shape, bytes).clone(),
        torch::from_blob(const_cast<std::uint8_t*>(labels.data()), {static_cast<std::int64_t>(labels.size())}, bytes)
            .to(torch::kInt64)};
}

Rows read_idx_images(const TorchSettings& settings, const std::string& prefix) {
    const auto images = read_idx(idx_file(settings, prefix + "-images-idx3-ubyte"), 3);
    const auto labels = read_idx(idx_file(settings, prefix + "-labels-idx1-ubyte"), 1);
    if (images.shape[0] != labels.shape[0]) {
        throw UserError("Fashion-MNIST: " + prefix + " has " + std::to_string(images.shape[0]) + " images, but " +
                        std::to_string(labels.shape[0]) + " labels; install it anew");
    }
    auto rows = as_rows(images.bytes, labels.bytes, {images.shape[0], 1, images.shape[1], images.shape[2]});
    if (rows.y.max().item<std::int64_t>() >= 10) throw UserError("Fashion-MNIST: a label is above 9; install it anew");
    return rows;
}

Rows read_cifar_images(const TorchSettings& settings, const std::string& name) {
    const auto images = read_cifar(cifar_file(settings, name));
    const auto count = static_cast<std::int64_t>(images.labels.size());
    return as_rows(images.pixels, images.labels, {count, CifarImages::channels, CifarImages::side, CifarImages::side});
}

}  // namespace

void check_fashion_mnist_files(const TorchSettings& settings) {
    for (const auto* prefix : {"train", "t10k"}) {
        idx_file(settings, std::string(prefix) + "-images-idx3-ubyte");
        idx_file(settings, std::string(prefix) + "-labels-idx1-ubyte");
    }
}

Data load_fashion_mnist(const TorchSettings& settings) {
    Data data;
    data.name = "Fashion-MNIST";
    data.classes = 10;
    split_images(settings, read_idx_images(settings, "train"), read_idx_images(settings, "t10k"), data);
    return data;
}

void check_cifar10_files(const TorchSettings& settings) {
    if (settings.path.empty()) {
        throw UserError(
            "trainer.path is missing: data = \"cifar10\" needs the folder with data_batch_1.bin .. "
            "data_batch_5.bin and test_batch.bin");
    }
    for (const auto* name : cifar_training) cifar_file(settings, name);
    cifar_file(settings, cifar_test);
}

Data load_cifar10(const TorchSettings& settings) {
    Data data;
    data.name = "CIFAR-10";
    data.classes = CifarImages::classes;
    data.mean = torch::tensor({0.4914F, 0.4822F, 0.4465F}).view({CifarImages::channels, 1, 1});
    data.scale = torch::tensor({0.247F, 0.243F, 0.261F}).view({CifarImages::channels, 1, 1});
    std::vector<torch::Tensor> x, y;
    for (const auto* name : cifar_training) {
        const auto rows = read_cifar_images(settings, name);
        x.push_back(rows.x);
        y.push_back(rows.y);
    }
    split_images(settings, {torch::cat(x), torch::cat(y)}, read_cifar_images(settings, cifar_test), data);
    return data;
}

}  // namespace stemma
