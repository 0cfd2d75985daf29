#include "trainer/torch/data/cifar.hpp"

#include <filesystem>
#include <fstream>

#include "core/error.hpp"

namespace stemma {
namespace {

constexpr std::size_t image_bytes = CifarImages::channels * CifarImages::side * CifarImages::side;
constexpr std::size_t record_bytes = 1 + image_bytes;

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
    throw UserError("data file " + file + " " + what +
                    "; take the binary version, cifar-10-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html");
}

}  // namespace

CifarImages read_cifar(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!in || error) refuse(file, "cannot be opened");
    if (size == 0 || size % record_bytes != 0) {
        refuse(file, "has " + std::to_string(size) + " bytes, which is no whole number of records of " +
                         std::to_string(record_bytes) + ": it is cut short or something else");
    }
    CifarImages images;
    const auto count = size / record_bytes;
    images.labels.resize(count);
    images.pixels.resize(count * image_bytes);
    for (std::size_t record = 0; record < count; ++record) {
        auto& label = images.labels[record];
        in.read(reinterpret_cast<char*>(&label), 1);
        in.read(reinterpret_cast<char*>(images.pixels.data() + record * image_bytes), image_bytes);
        if (!in) refuse(file, "cannot be read to its end");
        if (label < CifarImages::classes) continue;
        refuse(file, "has label " + std::to_string(label) + " in record " + std::to_string(record) +
                         ", and CIFAR-10 has 0 to 9: it is damaged or something else");
    }
    return images;
}

}  // namespace stemma
