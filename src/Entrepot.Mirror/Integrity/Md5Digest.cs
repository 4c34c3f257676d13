using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Entrepot.Mirror.Integrity;

/// <summary>An MD5 value (RFC 1321), offered because metalinks and old clients ask for it; it proves nothing against an attacker.
/// Text form: 32 lower-case hex digits.</summary>
[JsonConverter(typeof(Md5DigestJsonConverter))]
public readonly record struct Md5Digest
{
    /// <summary>Length of the binary form in bytes.</summary>
    public const int Length = 16;

    private readonly UInt128 _value;

    /// <summary>Takes the 16 bytes of a finished hash.</summary>
    public Md5Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
            throw new ArgumentException($"An MD5 value has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        _value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>Reads 32 hex digits of either case.</summary>
    public static bool TryParse(string? text, out Md5Digest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[Length];
        if (text is not { Length: Length * 2 }
            || Convert.FromHexString(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done || written != Length)
            return false;
        digest = new Md5Digest(bytes);
        return true;
    }

    /// <summary>The 16 bytes in a new array.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Length];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _value);
        return bytes;
    }

    /// <summary>The hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());
}

/// <summary>Writes an MD5 value as its hex digits.</summary>
public sealed class Md5DigestJsonConverter : JsonConverter<Md5Digest>
{
    /// <inheritdoc/>
    public override Md5Digest Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => Md5Digest.TryParse(reader.GetString(), out var digest) ? digest : throw new JsonException("expected 32 hex digits");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Md5Digest value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.ToString());
}
