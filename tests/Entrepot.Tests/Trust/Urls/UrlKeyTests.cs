using CsCheck;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Urls;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.Urls;

public sealed class UrlKeyTests : IAsyncLifetime
{
    private const string Path = "/images/24.04/disk.img", Digest = "sha256:0000";

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-urls-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 30, 0, TimeSpan.Zero));
    private readonly SealingKey _sealing = SealingKey.CreateEphemeral();
    private StateDatabase _state = null!;
    private UrlKeyRing _ring = null!;

    public async ValueTask InitializeAsync()
    {
        _state = StateDatabase.Open(System.IO.Path.Combine(_folder, "state.db"), Node.StateFeatures);
        _ring = await UrlKeyRing.OpenAsync(_state, _sealing, _time, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_signed_address_is_good_for_an_hour_for_its_path_and_digest()
    {
        var query = _ring.Sign(Path, Digest);
        IsGood(query).ShouldBeTrue();
        IsGood(query, path: "/images/24.04/other.img").ShouldBeFalse();
        IsGood(query, digest: "sha256:0001").ShouldBeFalse();
        IsGood(query, digest: "").ShouldBeFalse();
        _time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        IsGood(query).ShouldBeTrue();
        _time.Advance(TimeSpan.FromSeconds(1));
        IsGood(query).ShouldBeFalse();
    }

    [Fact]
    public void Nobody_extends_it()
    {
        var parameters = Parse(_ring.Sign(Path, Digest));
        IsGood(parameters with { Expires = "99999999999" }).ShouldBeFalse();
        IsGood(parameters with { Expires = (long.Parse(parameters.Expires!, null) + 1).ToString((IFormatProvider?)null) }).ShouldBeFalse();
        IsGood(parameters with { Expires = "+" + parameters.Expires }).ShouldBeFalse();
        IsGood(parameters with { Key = "0" }).ShouldBeFalse();
        IsGood(parameters with { Signature = null }).ShouldBeFalse();
    }

    [Fact]
    public void Every_prefix_and_every_changed_character_of_a_signature_is_refused()
    {
        var parameters = Parse(_ring.Sign(Path, Digest));
        var signature = parameters.Signature!;
        for (var i = 0; i < signature.Length; i++)
        {
            IsGood(parameters with { Signature = signature[..i] }).ShouldBeFalse();
            foreach (var c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
            {
                if (c != signature[i])
                    IsGood(parameters with { Signature = $"{signature[..i]}{c}{signature[(i + 1)..]}" }).ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void Whatever_is_signed_is_good_for_nothing_else()
        => Gen.Select(Gen.String, Gen.String, Gen.String, Gen.String).Sample((path, digest, otherPath, otherDigest) =>
            UrlKey.IsSigned(_ring.Keys, otherPath, otherDigest, Tuple(Parse(_ring.Sign(path, digest))), _time.GetUtcNow())
                .ShouldBe((path, digest) == (otherPath, otherDigest) || $"{path}\n{digest}" == $"{otherPath}\n{otherDigest}"), threads: 1);

    [Fact]
    public async Task A_restart_changes_no_key_and_another_network_has_others()
    {
        var query = _ring.Sign(Path, Digest);
        _ring = await UrlKeyRing.OpenAsync(_state, _sealing, _time, TestContext.Current.CancellationToken);
        IsGood(query).ShouldBeTrue();

        await using var state = StateDatabase.Open(System.IO.Path.Combine(_folder, "other.db"), Node.StateFeatures);
        var other = await UrlKeyRing.OpenAsync(state, _sealing, _time, TestContext.Current.CancellationToken);
        UrlKey.IsSigned(other.Keys, Path, Digest, Tuple(Parse(query)), _time.GetUtcNow()).ShouldBeFalse();
    }

    [Fact]
    public void Keys_that_were_told_in_the_hour_before_are_good_for_what_is_signed_in_this()
    {
        var told = _ring.Keys;
        _time.Advance(TimeSpan.FromMinutes(40));
        UrlKey.IsSigned(told, Path, Digest, Tuple(Parse(_ring.Sign(Path, Digest))), _time.GetUtcNow()).ShouldBeTrue();
    }

    private static Parameters Parse(string query)
    {
        var pairs = query.Split('&').Select(static pair => pair.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1]);
        return new Parameters(pairs["expires"], pairs["key"], pairs["signature"]);
    }

    private static (string? Expires, string? Key, string? Signature) Tuple(Parameters parameters) => (parameters.Expires, parameters.Key, parameters.Signature);

    private bool IsGood(string query, string path = Path, string digest = Digest) => UrlKey.IsSigned(_ring.Keys, path, digest, Tuple(Parse(query)), _time.GetUtcNow());

    private bool IsGood(Parameters parameters) => UrlKey.IsSigned(_ring.Keys, Path, Digest, Tuple(parameters), _time.GetUtcNow());

    private sealed record Parameters(string? Expires, string? Key, string? Signature);
}
