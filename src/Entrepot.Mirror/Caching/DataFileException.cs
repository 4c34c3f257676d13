using Entrepot.Core.Identities;

namespace Entrepot.Mirror.Caching;

/// <summary>A data file can't be opened. That says nothing about the bytes in it: the process may have too many files open, or may not open
/// this one.</summary>
internal sealed class DataFileException : IOException
{
    public DataFileException(Sha256Digest blob, Exception cause)
        : base($"the data file of {blob} can't be opened: {cause.Message}", cause) => HResult = cause.HResult;
}
