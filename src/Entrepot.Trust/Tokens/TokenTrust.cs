using System.Collections.Frozen;
using System.Text.Json;

namespace Entrepot.Trust.Tokens;

/// <summary>By what tokens are judged, as it is now; swapped whole.</summary>
/// <param name="Network">The network that must have issued them.</param>
/// <param name="Keys">The keys that verify, by identifier.</param>
/// <param name="Revoked">The identifiers of revoked tokens.</param>
internal sealed record TokenTrust(string Network, FrozenDictionary<string, VerifyingKey> Keys, FrozenSet<string> Revoked)
{
    /// <summary>What another node is told, to judge as this one does.</summary>
    public TokenNotice Notice() => new(
        Network, [.. Keys.Values.OrderBy(static key => key.Id, StringComparer.Ordinal).Select(static key => new TokenKeyNotice(key.Public.X, key.Public.Y, key.RetiresAt))],
        [.. Revoked.Order(StringComparer.Ordinal)]);

    /// <summary>The public keys as a JSON Web Key Set (RFC 7517 §5).</summary>
    public byte[] WriteKeySet(DateTimeOffset now)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys");
            foreach (var key in Keys.Values.Where(key => key.RetiresAt is not { } end || now < end).OrderBy(static key => (key as SigningKey)?.CreatedAt))
            {
                writer.WriteStartObject();
                writer.WriteString("kty", key.Public.Kty);
                writer.WriteString("crv", key.Public.Crv);
                writer.WriteString("x", key.Public.X);
                writer.WriteString("y", key.Public.Y);
                writer.WriteString("kid", key.Id);
                writer.WriteString("alg", key.Public.Alg);
                writer.WriteString("use", key.Public.Use);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
