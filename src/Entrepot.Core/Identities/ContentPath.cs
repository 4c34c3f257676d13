using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Entrepot.Core.Faults;

namespace Entrepot.Core.Identities;

/// <summary>The place of a file inside a mirror: segments joined by <c>/</c>, no leading or trailing slash.
/// Refused rather than repaired: <c>.</c>, <c>..</c>, empty segments, control characters, backslash, text that is not
/// well-formed Unicode. Names are kept byte for byte; no Unicode normalisation.</summary>
[JsonConverter(typeof(ContentPathJsonConverter))]
public readonly record struct ContentPath : IComparable<ContentPath>
{
    /// <summary>Longest path in UTF-8 bytes; a quarter of Linux's PATH_MAX, so that a client can unpack it anywhere.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Longest segment in UTF-8 bytes; NAME_MAX of Linux file systems.</summary>
    public const int MaxSegmentBytes = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly string? _value;

    private ContentPath(string value) => _value = value;

    /// <summary>The path, decoded.</summary>
    public string Value => _value ?? "";

    /// <summary>The last segment.</summary>
    public string FileName => Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>Reads a decoded path, or says why it can't be one.</summary>
    public static bool TryParse(string? text, out ContentPath path, [NotNullWhen(false)] out Fault? fault)
    {
        path = default;
        fault = Check(text);
        if (fault is not null)
            return false;
        path = new ContentPath(text!);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, throwing the fault.</summary>
    /// <exception cref="FaultException">The text is not a content path.</exception>
    public static ContentPath Parse(string? text)
        => TryParse(text, out var path, out var fault) ? path : throw fault.ToException();

    /// <summary>Decodes percent-encoding once (RFC 3986 §2.1) and then reads the path. An encoded slash, an encoded dot
    /// segment and bytes that are not UTF-8 are refused.</summary>
    public static bool TryParseEncoded(ReadOnlySpan<char> encoded, out ContentPath path, [NotNullWhen(false)] out Fault? fault)
    {
        path = default;
        if (encoded.IndexOf('%') < 0)
            return TryParse(encoded.ToString(), out path, out fault);
        if (!TryDecode(encoded, out var text, out fault))
            return false;
        return TryParse(text, out path, out fault);
    }

    /// <summary>The path percent-encoded for a URL, slashes kept.</summary>
    public string ToUrl() => string.Join('/', Value.Split('/').Select(Uri.EscapeDataString));

    /// <summary>Order of the UTF-8 bytes, as <c>LC_ALL=C sort</c> has it.</summary>
    public int CompareTo(ContentPath other) => CompareUtf8(Value, other.Value);

    /// <summary>Compares two strings by their UTF-8 bytes. UTF-16 order differs only where a surrogate meets
    /// a character at or above U+E000.</summary>
    public static int CompareUtf8(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var common = left.CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);
        int l = left[common], r = right[common];
        if (l >= 0xD800 && r >= 0xD800)
        {
            l = l >= 0xE000 ? l - 0x800 : l + 0x2000;
            r = r >= 0xE000 ? r - 0x800 : r + 0x2000;
        }

        return l.CompareTo(r);
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>UTF-8 byte order.</summary>
    public static bool operator <(ContentPath left, ContentPath right) => left.CompareTo(right) < 0;

    /// <summary>UTF-8 byte order.</summary>
    public static bool operator >(ContentPath left, ContentPath right) => left.CompareTo(right) > 0;

    /// <summary>UTF-8 byte order.</summary>
    public static bool operator <=(ContentPath left, ContentPath right) => left.CompareTo(right) <= 0;

    /// <summary>UTF-8 byte order.</summary>
    public static bool operator >=(ContentPath left, ContentPath right) => left.CompareTo(right) >= 0;

    private static Fault? Check(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return Refuse(IdentityFault.PathEmpty, "The path is empty.", "Name a file inside the mirror.");
        foreach (var c in text)
        {
            if (c is < ' ' or '\u007f' or '\\')
                return Refuse(
                    IdentityFault.PathCharacter,
                    $"The path '{Printable(text)}' holds the character U+{(int)c:X4}, which no file here may have in its name.",
                    "Rename the file: control characters, NUL and backslash are not allowed.");
        }

        if (!IsWellFormedUnicode(text))
            return Refuse(IdentityFault.PathEncoding, $"The path '{Printable(text)}' is not well-formed Unicode.", "Send names as UTF-8.");
        if (Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return Refuse(
                IdentityFault.PathTooLong, $"The path '{text[..32]}…' is longer than {MaxBytes} bytes.", "Shorten the folder or file names.");

        foreach (var range in text.AsSpan().Split('/'))
        {
            var segment = text.AsSpan()[range];
            if (segment.IsEmpty)
                return Refuse(
                    IdentityFault.PathEmptySegment, $"The path '{text}' has an empty segment.", "Remove the extra '/'.");
            if (segment is "." or "..")
                return Refuse(
                    IdentityFault.PathTraversal, $"The path '{text}' holds a '{segment}' segment.", "Send the path without dot segments.");
            if (Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes)
                return Refuse(
                    IdentityFault.PathTooLong, $"The name '{segment[..32]}…' is longer than {MaxSegmentBytes} bytes.", "Shorten it.");
        }

        return null;
    }

    private static bool TryDecode(ReadOnlySpan<char> encoded, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out Fault? fault)
    {
        text = null;
        if (encoded.Length > MaxBytes * 3)
        {
            fault = Refuse(IdentityFault.PathTooLong, $"The path is longer than {MaxBytes} bytes.", "Shorten the folder or file names.");
            return false;
        }

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(encoded.Length)];
        var count = 0;
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                count += Encoding.UTF8.GetBytes(encoded.Slice(i, 1), bytes.AsSpan(count));
                continue;
            }

            if (i + 2 >= encoded.Length || !char.IsAsciiHexDigit(encoded[i + 1]) || !char.IsAsciiHexDigit(encoded[i + 2]))
            {
                fault = Refuse(
                    IdentityFault.PathEncoding, $"'{encoded}' has a '%' that two hex digits do not follow.", "Encode a literal '%' as %25.");
                return false;
            }

            var value = byte.Parse(encoded.Slice(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null);
            if (value == (byte)'/')
            {
                fault = Refuse(
                    IdentityFault.PathCharacter, $"'{encoded}' holds an encoded slash (%2F).", "A file name can't contain a slash.");
                return false;
            }

            bytes[count++] = value;
            i += 2;
        }

        try
        {
            text = StrictUtf8.GetString(bytes, 0, count);
            fault = null;
            return true;
        }
        catch (DecoderFallbackException)
        {
            fault = Refuse(IdentityFault.PathEncoding, $"'{encoded}' does not decode to UTF-8.", "Send names as percent-encoded UTF-8.");
            return false;
        }
    }

    private static bool IsWellFormedUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    private static string Printable(string text)
        => new([.. text.Take(80).Select(static c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);

    private static Fault Refuse(IdentityFault reason, string message, string cure)
        => Fault.Of(reason, FaultKind.Invalid, message, cure);
}

/// <summary>Writes a content path as text.</summary>
public sealed class ContentPathJsonConverter : JsonConverter<ContentPath>
{
    /// <inheritdoc/>
    public override ContentPath Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => ContentPath.TryParse(reader.GetString(), out var path, out var fault) ? path : throw new JsonException(fault.Message);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ContentPath value, JsonSerializerOptions options)
        => writer.WriteStringValue(value.Value);
}
