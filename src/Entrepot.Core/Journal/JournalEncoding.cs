using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Entrepot.Core.Journal;

/// <summary>The bytes that the journal's hashes are taken of; <c>docs/reference/journal.md</c> states them for whoever writes a verifier.</summary>
/// <remarks>An entry's hash is SHA-256 of the hash before it and of what says when, what and how it ended, together with two commitments: one to
/// who and from where, one to the rest. A commitment is SHA-256 of a random salt and the fields. So the chain proves every word, and yet what
/// tells of a person can be taken away later: without its salt a commitment tells nothing, and the chain stays whole.</remarks>
internal static class JournalEncoding
{
    /// <summary>SHA-256.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>A commitment's salt.</summary>
    public const int SaltBytes = 16;

    private const byte Version = 1;
    private const byte IdentityAsCommitted = 1;
    private const byte ContentAsCommitted = 2;

    /// <summary>The hash that follows a hash.</summary>
    public static void Chain(
        ReadOnlySpan<byte> previous, long sequence, long at, string action, string result, ReadOnlySpan<byte> identity, ReadOnlySpan<byte> content,
        Span<byte> hash)
    {
        var length = HashBytes + 1 + 8 + 8 + 2 + Encoding.UTF8.GetByteCount(action) + 2 + Encoding.UTF8.GetByteCount(result) + HashBytes + HashBytes;
        byte[]? rented = null;
        var bytes = length <= 512 ? stackalloc byte[512] : (rented = ArrayPool<byte>.Shared.Rent(length));
        previous.CopyTo(bytes);
        var at0 = HashBytes;
        bytes[at0++] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes[at0..], sequence);
        BinaryPrimitives.WriteInt64BigEndian(bytes[(at0 + 8)..], at);
        at0 += 16;
        at0 += WriteShort(bytes[at0..], action);
        at0 += WriteShort(bytes[at0..], result);
        identity.CopyTo(bytes[at0..]);
        content.CopyTo(bytes[(at0 + HashBytes)..]);
        SHA256.HashData(bytes[..length], hash);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Writes what is sealed: a byte of flags, then salt and fields of either commitment.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="identitySalt">Salt of the first commitment; empty when its fields are no longer those that were committed to.</param>
    /// <param name="contentSalt">Salt of the second; likewise.</param>
    /// <param name="buffer">Taken as long as need be.</param>
    /// <returns>The length.</returns>
    public static int WritePayload(JournalEntry entry, ReadOnlySpan<byte> identitySalt, ReadOnlySpan<byte> contentSalt, ref byte[] buffer)
    {
        ReadOnlySpan<string> fields = [entry.By.Who, entry.By.From, entry.Subject, entry.Details, entry.Before ?? "", entry.After ?? ""];
        var most = 1 + (2 * SaltBytes);
        foreach (var field in fields)
            most += 4 + Encoding.UTF8.GetMaxByteCount(field.Length);
        if (buffer.Length < most)
            buffer = new byte[most];
        var bytes = buffer.AsSpan();
        bytes[0] = (byte)((identitySalt.IsEmpty ? 0 : IdentityAsCommitted) | (contentSalt.IsEmpty ? 0 : ContentAsCommitted));
        var at = 1;
        for (var i = 0; i < fields.Length; i++)
        {
            if (i is 0 or 2)
            {
                var salt = i == 0 ? identitySalt : contentSalt;
                bytes.Slice(at, SaltBytes).Clear();
                salt.CopyTo(bytes[at..]);
                at += SaltBytes;
            }

            var length = Encoding.UTF8.GetBytes(fields[i], bytes[(at + 4)..]);
            BinaryPrimitives.WriteInt32BigEndian(bytes[at..], length);
            at += 4 + length;
        }

        return at;
    }

    /// <summary>Takes a payload apart.</summary>
    /// <returns>False when it is none.</returns>
    public static bool TryReadPayload(ReadOnlySpan<byte> payload, out JournalPayload parts)
    {
        parts = default;
        if (payload.IsEmpty || payload[0] > (IdentityAsCommitted | ContentAsCommitted))
            return false;
        var at = 1;
        if (!Skip(payload, 2, ref at))
            return false;
        var content = at;
        if (!Skip(payload, 4, ref at) || at != payload.Length)
            return false;
        parts = new JournalPayload(payload[1..content], payload[content..], (payload[0] & IdentityAsCommitted) != 0, (payload[0] & ContentAsCommitted) != 0);
        return true;
    }

    private static bool Skip(ReadOnlySpan<byte> payload, int fields, ref int at)
    {
        at += SaltBytes;
        for (; fields > 0; fields--)
        {
            if (payload.Length - at < 4)
                return false;
            var length = BinaryPrimitives.ReadInt32BigEndian(payload[at..]);
            at += 4;
            if (length < 0 || payload.Length - at < length)
                return false;
            at += length;
        }

        return true;
    }

    private static int WriteShort(Span<byte> destination, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, destination[2..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination, checked((ushort)length));
        return 2 + length;
    }
}

/// <summary>The two parts of a payload: each is a salt and fields, and the commitment is its SHA-256.</summary>
/// <param name="identity">Salt, who, from where.</param>
/// <param name="content">Salt, subject, details, before, after.</param>
/// <param name="identityAsCommitted">False when pseudonyms stand there.</param>
/// <param name="contentAsCommitted">False when pseudonyms stand there.</param>
internal readonly ref struct JournalPayload(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> content, bool identityAsCommitted, bool contentAsCommitted)
{
    public ReadOnlySpan<byte> Identity { get; } = identity;

    public ReadOnlySpan<byte> Content { get; } = content;

    public bool IdentityAsCommitted { get; } = identityAsCommitted;

    public bool ContentAsCommitted { get; } = contentAsCommitted;

    /// <summary>The entry that it belongs to, made whole.</summary>
    public JournalEntry Complete(long sequence, long at, string action, string result)
    {
        var identity = Identity[JournalEncoding.SaltBytes..];
        var content = Content[JournalEncoding.SaltBytes..];
        var actor = new JournalActor(Next(ref identity), Next(ref identity));
        var subject = Next(ref content);
        return new JournalEntry(DateTimeOffset.FromUnixTimeMilliseconds(at), actor, action, subject, Next(ref content))
        {
            Sequence = sequence,
            Result = JournalResults.Parse(result),
            Before = Next(ref content) is { Length: > 0 } before ? before : null,
            After = Next(ref content) is { Length: > 0 } after ? after : null,
            IsPseudonymised = !IdentityAsCommitted || !ContentAsCommitted,
        };
    }

    /// <summary>The salts, as the export states them; empty where pseudonyms stand.</summary>
    public (byte[] Identity, byte[] Content) Salts() => (
        IdentityAsCommitted ? Identity[..JournalEncoding.SaltBytes].ToArray() : [],
        ContentAsCommitted ? Content[..JournalEncoding.SaltBytes].ToArray() : []);

    private static string Next(ref ReadOnlySpan<byte> fields)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(fields);
        var text = Encoding.UTF8.GetString(fields.Slice(4, length));
        fields = fields[(4 + length)..];
        return text;
    }
}
