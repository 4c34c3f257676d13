using System.Security.Cryptography;
using System.Text;

namespace Entrepot.Server.RemoteHosts;

/// <summary>What the file of known hosts says of a key.</summary>
public enum HostTrust
{
    /// <summary>The host is not in it.</summary>
    Unknown,

    /// <summary>The host has this key.</summary>
    Trusted,

    /// <summary>The host has another key of this type.</summary>
    Changed,

    /// <summary>The key must not be used any more.</summary>
    Revoked,
}

/// <summary>The file of known hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain and hashed names, patterns, negation, <c>@revoked</c>.
/// Certificates (<c>@cert-authority</c>) are not taken. Pure.</summary>
public sealed class KnownHosts
{
    private const int MaxLines = 100_000;
    private readonly List<Entry> _entries = [];

    private KnownHosts()
    {
    }

    /// <summary>Reads the file's text; lines that are not understood are left out, as ssh does.</summary>
    public static KnownHosts Parse(string text)
    {
        var known = new KnownHosts();
        foreach (var line in text.Split('\n').Take(MaxLines))
        {
            var fields = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0 || fields[0][0] == '#')
                continue;
            var marker = fields[0][0] == '@' ? fields[0] : null;
            if (marker is not (null or "@revoked"))
                continue;
            fields = marker is null ? fields : fields[1..];
            var key = new byte[fields.Length >= 3 ? fields[2].Length : 0];
            if (fields.Length >= 3 && Convert.TryFromBase64String(fields[2], key, out var length))
                known._entries.Add(new Entry(fields[0], fields[1], key[..length], marker is not null));
        }

        return known;
    }

    /// <summary>The types of the keys that a host is known by: only these need be asked of it.</summary>
    public IReadOnlySet<string> TypesOf(string host)
        => _entries.Where(entry => !entry.Revoked && entry.Names(host)).Select(static entry => entry.Type).ToHashSet(StringComparer.Ordinal);

    /// <summary>Judges a key.</summary>
    /// <param name="host">As <see cref="SshAddress.KnownName"/> writes it.</param>
    /// <param name="key">The key blob (RFC 4253 §6.6), which begins with its type.</param>
    public HostTrust Judge(string host, ReadOnlySpan<byte> key)
    {
        var trust = HostTrust.Unknown;
        foreach (var entry in _entries)
        {
            var same = entry.Key.AsSpan().SequenceEqual(key);
            if (entry.Revoked && same && entry.Names(host))
                return HostTrust.Revoked;
            if (entry.Revoked || trust == HostTrust.Trusted || !entry.Names(host))
                continue;
            trust = same ? HostTrust.Trusted : HostTrust.Changed;
        }

        return trust;
    }

    private sealed record Entry(string Hosts, string Type, byte[] Key, bool Revoked)
    {
        public bool Names(string host)
        {
            if (Hosts.StartsWith("|1|", StringComparison.Ordinal))
                return IsHash(host);
            var named = false;
            foreach (var pattern in Hosts.Split(','))
            {
                if (pattern is ['!', .. var refused] && Matches(refused, host))
                    return false;
                named |= Matches(pattern, host);
            }

            return named;
        }

        /// <summary><c>|1|salt|HMAC-SHA1 of the name</c>.</summary>
        private bool IsHash(string host)
        {
            var parts = Hosts.Split('|');
            var (salt, hash) = (new byte[64], new byte[64]);
            if (parts.Length != 4 || !Convert.TryFromBase64String(parts[2], salt, out var saltLength) || !Convert.TryFromBase64String(parts[3], hash, out var hashLength))
                return false;
#pragma warning disable CA5350 // The file's format asks for SHA-1; it only hides names.
            return HMACSHA1.HashData(salt.AsSpan(0, saltLength), Encoding.UTF8.GetBytes(host)).AsSpan().SequenceEqual(hash.AsSpan(0, hashLength));
#pragma warning restore CA5350
        }

        /// <summary>A pattern with <c>*</c> and <c>?</c>, in any case.</summary>
        private static bool Matches(string pattern, string host)
            => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, host, ignoreCase: true);
    }
}
