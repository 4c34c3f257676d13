using System.Security.Cryptography;
using CsCheck;
using Entrepot.Core.Faults;
using Entrepot.Mirror.Integrity;
using Entrepot.Server.Push;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Tests.Server.Push;

public sealed class ExpectationHeadersTests
{
    private static readonly byte[] Bytes = "hello"u8.ToArray();
    private static readonly string Sha256Hex = Convert.ToHexStringLower(SHA256.HashData(Bytes));
    private static readonly string Sha256Base64 = Convert.ToBase64String(SHA256.HashData(Bytes));
    private static readonly string Sha512Base64 = Convert.ToBase64String(SHA512.HashData(Bytes));
    private static readonly string Md5Base64 = "XUFAKrxLKna5cZ2REBfFkg==";  // RFC 1321 of "hello"

    [Fact]
    public void Nothing_stated_is_nothing_expected()
    {
        ExpectationHeaders.Parse(new HeaderDictionary()).ForWhole(5).ShouldBe(new Expectation(5, []));
    }

    [Fact]
    public void Content_MD5_is_base64_of_the_content()
    {
        var stated = Parse(("Content-MD5", Md5Base64));

        stated.Content.ShouldBe([new StatedChecksum(ChecksumAlgorithm.Md5, "5d41402abc4b2a76b9719d911017c592", "Content-MD5")]);
        stated.Representation.ShouldBeEmpty();
    }

    [Fact]
    public void Content_Digest_speaks_of_the_content_and_Repr_Digest_of_the_whole()
    {
        var stated = Parse(
            ("Content-Digest", $"sha-512=:{Sha512Base64}:"),
            ("Repr-Digest", $"sha-256=:{Sha256Base64}:;q=1, md5=:{Md5Base64}:"));

        stated.Content.Select(c => c.Algorithm).ShouldBe([ChecksumAlgorithm.Sha512]);
        stated.Representation.Select(c => c.Algorithm).ShouldBe([ChecksumAlgorithm.Sha256, ChecksumAlgorithm.Md5]);
        stated.Representation[0].Value.ShouldBe(Sha256Hex);
        stated.ForWhole(null).Checksums.Length.ShouldBe(3);
    }

    [Fact]
    public void Several_lines_of_a_digest_field_are_one_list()
    {
        var headers = new HeaderDictionary { ["Repr-Digest"] = new([$"sha-256=:{Sha256Base64}:", $"md5=:{Md5Base64}:"]) };

        ExpectationHeaders.Parse(headers).Representation.Length.ShouldBe(2);
    }

    [Theory]
    [InlineData("crc32c=:AAAAAA==:")]
    [InlineData("unixsum=:GQU=:")]
    [InlineData("blake3=(\"a\" b;c=1);d, xyz")]
    public void An_algorithm_that_is_not_known_is_ignored(string value)
        => Parse(("Repr-Digest", value)).Representation.ShouldBeEmpty();

    [Theory]
    [InlineData("Sha256", 64)]
    [InlineData("SHA512", 128)]
    [InlineData("sha1", 40)]
    [InlineData("Md5", 32)]
    [InlineData("CRC32", 8)]
    public void Checksum_headers_take_hex_of_either_case(string suffix, int digits)
    {
        var stated = Parse(($"X-Checksum-{suffix}", new string('A', digits))).Representation.ShouldHaveSingleItem();

        stated.Value.ShouldBe(new string('a', digits));
        stated.Origin.ShouldBe($"X-Checksum-{suffix}");
    }

    [Theory]
    [InlineData("Content-MD5", "")]
    [InlineData("Content-MD5", "not base64")]
    [InlineData("Content-MD5", "AAAA")]
    [InlineData("Content-Digest", "")]
    [InlineData("Content-Digest", "sha-256")]
    [InlineData("Content-Digest", "sha-256=abc")]
    [InlineData("Content-Digest", "sha-256=:AAAA:")]
    [InlineData("Content-Digest", "SHA-256=:AAAA:")]
    [InlineData("Content-Digest", "sha-256=:A*A:")]
    [InlineData("Content-Digest", "sha-256=1.5,")]
    [InlineData("Repr-Digest", "sha-256=:AAAA")]
    [InlineData("Repr-Digest", "sha-512=\"text\"")]
    [InlineData("X-Checksum-Sha256", "")]
    [InlineData("X-Checksum-Sha256", "abc")]
    [InlineData("X-Checksum-Md5", "zz000000000000000000000000000000")]
    [InlineData("X-Checksum-Crc32", "123456789")]
    [InlineData("X-Checksum-Blake3", "00")]
    public void What_is_malformed_is_refused_and_named(string header, string value)
    {
        var fault = Should.Throw<FaultException>(() => Parse((header, value))).Fault;

        fault.Is(VerificationFault.MalformedDigest).ShouldBeTrue();
        fault.Kind.ShouldBe(FaultKind.Invalid);
        fault.Message.ShouldContain(header);
    }

    [Fact]
    public void Every_error_is_reported_at_once()
    {
        var headers = new HeaderDictionary
        {
            ["Content-MD5"] = "x",
            ["Content-Digest"] = "sha-256",
            ["Repr-Digest"] = "sha-512=:AAAA:, sha-256=:AAAA:",
            ["X-Checksum-Sha1"] = "1",
            ["X-Checksum-Crc32"] = "00000000",
        };

        var stated = ExpectationHeaders.Read(headers, out var errors);

        errors.Length.ShouldBe(5);
        stated.Representation.ShouldHaveSingleItem().Algorithm.ShouldBe(ChecksumAlgorithm.Crc32);
        var message = Should.Throw<FaultException>(() => ExpectationHeaders.Parse(headers)).Message;
        foreach (var name in new[] { "Content-MD5", "Content-Digest", "Repr-Digest", "X-Checksum-Sha1" })
            message.ShouldContain(name);
    }

    [Fact]
    public void No_truncated_prefix_of_a_digest_is_taken_for_one()
    {
        var whole = $"sha-256=:{Sha256Base64}:";
        for (var length = 0; length < whole.Length; length++)
        {
            var headers = new HeaderDictionary { ["Repr-Digest"] = whole[..length] };

            var stated = ExpectationHeaders.Read(headers, out var errors);

            stated.Representation.ShouldBeEmpty($"'{whole[..length]}'");
            // A prefix of the key alone is a well-formed dictionary with an unknown algorithm.
            var key = whole[..length];
            if (!key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || key is "" or "sha-256" or "sha")
                errors.ShouldHaveSingleItem($"'{key}'");
        }

        var hex = Sha256Hex;
        for (var length = 0; length < hex.Length; length++)
            Should.Throw<FaultException>(() => Parse(("X-Checksum-Sha256", hex[..length])));
        for (var length = 0; length < Md5Base64.Length; length++)
            Should.Throw<FaultException>(() => Parse(("Content-MD5", Md5Base64[..length])));
    }

    [Fact]
    public void Any_text_is_either_read_or_refused()
    {
        Gen.String[Gen.Char["sha-256=:;,() \t\"\\?@%.1aZ*/+é\0"], 0, 40].Sample(text =>
        {
            var headers = new HeaderDictionary { ["Repr-Digest"] = text };
            var stated = ExpectationHeaders.Read(headers, out _);
            stated.Representation.ShouldAllBe(c => c.Value.Length == Expectation.HexLength(c.Algorithm));
        });
    }

    [Fact]
    public void Whatever_the_bytes_the_stated_digest_is_theirs()
    {
        Gen.Byte.Array[0, 200].Sample(bytes =>
        {
            var stated = Parse(("Content-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes)).TrimEnd('=')}:"));
            stated.Content.Single().Value.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(bytes)));
        });
    }

    private static StatedDigests Parse(params (string Name, string Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach (var (name, value) in headers)
            dictionary[name] = value;
        return ExpectationHeaders.Parse(dictionary);
    }
}
