using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Entrepot.Core.Identities;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Hosting;
using Entrepot.Trust.Access;
using Entrepot.Trust.Tokens;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.Tokens;

/// <summary>A network with keys for tokens, and a forger who has them too.</summary>
internal sealed class TokenWorld : IAsyncDisposable
{
    public const string Actor = "operator@test";

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-tokens-").FullName;

    private TokenWorld()
    {
        State = StateDatabase.Open(Path.Combine(_folder, "state.db"), Node.StateFeatures);
        Sealing = SealingKey.OpenOrCreate(Path.Combine(_folder, "sealing.key"));
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public StateDatabase State { get; }

    public SealingKey Sealing { get; }

    public TokenAuthority Authority { get; private set; } = null!;

    public static async Task<TokenWorld> OpenAsync()
    {
        var world = new TokenWorld();
        await world.RestartAsync();
        return world;
    }

    public async Task RestartAsync()
    {
        Authority?.Dispose();
        Authority = await TokenAuthority.OpenAsync(State, Sealing, new TokenOptions(), Time, TestContext.Current.CancellationToken);
    }

    public Task<IssuedToken> IssueAsync(
        Role roles = Role.Publisher, TimeSpan? lifetime = null, string? name = null, params string[] mirrors)
        => Authority.IssueAsync(
            new TokenOrder(name, roles, [.. mirrors.Select(MirrorName.Parse)], lifetime ?? TimeSpan.FromHours(1)), Actor, TestContext.Current.CancellationToken);

    /// <summary>The code by which a token is refused; null when it is good.</summary>
    public string? Refusal(string token) => Authority.TryVerify(token, out _, out var fault) ? null : fault.Code;

    /// <summary>A token signed by the network's own key, with a header or claims as the forger wants them.</summary>
    public string Forge(Action<Dictionary<string, object?>>? header = null, Action<Dictionary<string, object?>>? claims = null)
    {
        var head = new Dictionary<string, object?> { ["alg"] = "ES256", ["kid"] = Key.Id, ["typ"] = "entrepot+jwt" };
        var now = Time.GetUtcNow().ToUnixTimeSeconds();
        var body = new Dictionary<string, object?>
        {
            ["iss"] = Authority.Network, ["aud"] = "entrepot", ["sub"] = "forged", ["jti"] = "0123456789abcdef", ["iat"] = now, ["nbf"] = now, ["exp"] = now + 3600,
            ["roles"] = new[] { "admin" }, ["mirrors"] = Array.Empty<string>(),
        };
        header?.Invoke(head);
        claims?.Invoke(body);
        return Sign(JsonSerializer.Serialize(head), JsonSerializer.Serialize(body));
    }

    /// <summary>Signs any text by the network's own key.</summary>
    public string Sign(string header, string claims)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        using var pair = ECDsa.Create();
        pair.ImportPkcs8PrivateKey(Key.Export(), out _);
        return $"{text}.{Base64Url.EncodeToString(pair.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string Decode(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));

    public SigningKey Key => State.Read(connection => KeyTable.Read(connection, Sealing)).Single(static key => key.RetiresAt is null);

    public async ValueTask DisposeAsync()
    {
        Authority.Dispose();
        await State.DisposeAsync();
        Sealing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
