using System.Security.Cryptography.X509Certificates;
using Entrepot.Core.Identities;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Trust.Authority;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Trust.Authority;

/// <summary>A state database, a sealing key, a clock that stands still, and the authority of a network.</summary>
internal sealed class TrustWorld : IAsyncDisposable
{
    public const string Network = "test.internal";

    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-test-").FullName;

    private TrustWorld()
    {
        State = StateDatabase.Open(Path.Combine(_folder, "state.db"), typeof(NetworkAuthority).Assembly);
        Sealing = SealingKey.OpenOrCreate(Path.Combine(_folder, "sealing.key"));
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero));

    public StateDatabase State { get; }

    public SealingKey Sealing { get; }

    public NetworkAuthority Authority { get; private set; } = null!;

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>What everybody believes now.</summary>
    public NetworkTrust Trust => new(Network, Authority.State.TrustedAt(Now), []);

    public static async Task<TrustWorld> CreateAsync()
    {
        var world = new TrustWorld();
        await world.ReopenAsync();
        return world;
    }

    public async Task ReopenAsync()
    {
        Authority?.Dispose();
        Authority = await NetworkAuthority.OpenAsync(State, Sealing, Network, Time);
    }

    public X509Certificate2 Issue(NodeRole role = NodeRole.Edge, string name = "edge-1")
    {
        using var key = Certificates.NewKey();
        return Authority.Issue(Certificates.ReadSigningRequest(Certificates.SigningRequest(key)), new NodeIdentity(Network, role, NodeName.Parse(name)));
    }

    /// <summary>A certificate that the authority signs with other names, uses or times than it ever would.</summary>
    public X509Certificate2 Forge(Action<SubjectAlternativeNameBuilder> names, params string[] uses)
    {
        using var key = Certificates.NewKey();
        var alternative = new SubjectAlternativeNameBuilder();
        names(alternative);
        return Certificates.Sign(
            Authority.State.SignerAt(Now).Certificate, new PublicKey(key), "forged", alternative, uses, Now, CertificateTimes.Lifetime);
    }

    public async ValueTask DisposeAsync()
    {
        Authority.Dispose();
        Sealing.Dispose();
        await State.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
