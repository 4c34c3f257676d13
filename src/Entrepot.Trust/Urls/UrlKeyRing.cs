using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;

namespace Entrepot.Trust.Urls;

/// <summary>The keys that sign addresses, one for each hour, all derived from one secret (HKDF, RFC 5869), so that a restart changes none. Safe for
/// use by several threads.</summary>
public sealed class UrlKeyRing : IUrlKeys
{
    private const int SecretBytes = 32;
    private const string Purpose = "url-root";

    private readonly byte[] _root;
    private readonly TimeProvider _time;
    private IReadOnlyList<UrlKey> _keys = [];

    private UrlKeyRing(byte[] root, TimeProvider time) => (_root, _time) = (root, time);

    /// <summary>The keys of the last hour, of this one and of the next, in this order: clocks differ, and an address outlives its hour.</summary>
    public IReadOnlyList<UrlKey> Keys
    {
        get
        {
            var epoch = _time.GetUtcNow().ToUnixTimeSeconds() / 3600;
            var keys = Volatile.Read(ref _keys);
            if (keys.Count == 0 || keys[1].Epoch != epoch)
                Volatile.Write(ref _keys, keys = [Derive(epoch - 1), Derive(epoch), Derive(epoch + 1)]);
            return keys;
        }
    }

    /// <summary>Signs an address by the key of this hour.</summary>
    /// <returns>Parameters to append to the query.</returns>
    public string Sign(string path, string digest) => Keys[1].Sign(path, digest, _time.GetUtcNow());

    /// <summary>Opens the secret of a network, or makes it.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="sealing">Seals it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Core.Faults.FaultException"><see cref="SecretFault.Broken"/>.</exception>
    public static async Task<UrlKeyRing> OpenAsync(StateDatabase state, SealingKey sealing, TimeProvider time, CancellationToken cancellation = default)
    {
        var kept = state.Read(static connection => connection.ExecuteScalar<byte[]>("SELECT sealed FROM url_root"))
            ?? await state.WriteAsync(
                transaction =>
                {
                    transaction.Execute(
                        "INSERT INTO url_root (only, sealed) VALUES (1, @Sealed) ON CONFLICT DO NOTHING",
                        new { Sealed = sealing.Seal(RandomNumberGenerator.GetBytes(SecretBytes), Purpose) });
                    return transaction.Scalar<byte[]>("SELECT sealed FROM url_root")!;
                },
                cancellation);
        return new UrlKeyRing(sealing.Open(kept, Purpose), time);
    }

    private UrlKey Derive(long epoch) => new(
        epoch, HKDF.DeriveKey(HashAlgorithmName.SHA256, _root, SecretBytes, info: Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"url {epoch}"))));
}
