using System.Globalization;
using Entrepot.Mirror.Uploads;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Push;

/// <summary>The header fields of resumable uploads (draft-ietf-httpbis-resumable-upload). A value of another type makes a field as if
/// it were not there, as the draft asks.</summary>
/// <param name="Complete"><c>Upload-Complete</c>: whether the request ends the upload; null when the client speaks no resumption.</param>
/// <param name="Length"><c>Upload-Length</c>: bytes of the whole.</param>
/// <param name="Offset"><c>Upload-Offset</c>: where the content of the request belongs.</param>
internal readonly record struct UploadHeaders(bool? Complete, long? Length, long? Offset)
{
    /// <summary>Media type of the content of a PATCH.</summary>
    public const string PartialUpload = "application/partial-upload";

    private const string CompleteField = "Upload-Complete";
    private const string LengthField = "Upload-Length";
    private const string OffsetField = "Upload-Offset";
    private const string LimitField = "Upload-Limit";

    /// <summary>Reads the fields of a request.</summary>
    public static UploadHeaders Read(IHeaderDictionary headers)
        => new(Item(headers, CompleteField).Boolean, Count(headers, LengthField), Count(headers, OffsetField));

    /// <summary>Writes the state of an upload into an answer.</summary>
    public static void Write(IHeaderDictionary headers, UploadStore store, UploadState state)
    {
        headers[CompleteField] = state.IsComplete ? "?1" : "?0";
        headers[OffsetField] = state.Offset.ToString(CultureInfo.InvariantCulture);
        if (state.Length is { } length)
            headers[LengthField] = length.ToString(CultureInfo.InvariantCulture);
        headers[LimitField] = Limit(store, store.Remaining(state));
    }

    /// <summary>Says that an answer is the target's own, made from the whole file.</summary>
    public static void WriteFinal(IHeaderDictionary headers) => headers[CompleteField] = "?1";

    /// <summary>Tells the limits that an upload made now would have.</summary>
    public static void WriteLimit(IHeaderDictionary headers, UploadStore store) => headers[LimitField] = Limit(store, store.Options.MaxAge);

    private static string Limit(UploadStore store, TimeSpan age)
    {
        var maxAge = string.Create(CultureInfo.InvariantCulture, $"max-age={(long)age.TotalSeconds}");
        return store.Options.MaxBytes is { } size ? string.Create(CultureInfo.InvariantCulture, $"max-size={size}, {maxAge}") : maxAge;
    }

    private static long? Count(IHeaderDictionary headers, string field) => Item(headers, field).Integer is >= 0 and var count ? count : null;

    private static StructuredItem Item(IHeaderDictionary headers, string field)
        => headers[field] is [{ } text] && new StructuredFieldReader(text).TryReadItem(out var item) ? item : default;
}
