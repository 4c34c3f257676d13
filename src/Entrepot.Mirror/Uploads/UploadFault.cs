namespace Entrepot.Mirror.Uploads;

/// <summary>Why a resumable upload was refused or ended.</summary>
public enum UploadFault
{
    /// <summary>No upload of that name is open: it never was, was cancelled, has expired, or its bytes were lost.</summary>
    NotFound,

    /// <summary>The request continues at another offset than the upload has reached.</summary>
    OffsetMismatch,

    /// <summary>The request contradicts what was said about the length, or carries bytes beyond it.</summary>
    InconsistentLength,

    /// <summary>The upload is complete; nothing can be appended.</summary>
    Completed,

    /// <summary>The upload is being finished by another request.</summary>
    Busy,

    /// <summary>A newer request to the same upload took its place.</summary>
    Superseded,

    /// <summary>More uploads are open than the limit allows.</summary>
    TooMany,

    /// <summary>A header of the protocol is missing or malformed.</summary>
    MalformedHeader,
}
