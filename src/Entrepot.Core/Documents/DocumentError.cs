namespace Entrepot.Core.Documents;

/// <summary>One thing that is wrong in a document.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Message">What was found and what is allowed.</param>
public sealed record DocumentError(string File, int Line, int Column, string Message)
{
    /// <summary><c>file:line:column: message</c>, as compilers write it and editors understand it.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}

/// <summary>The errors found so far in one document.</summary>
/// <param name="file">The file as it was named.</param>
public sealed class DocumentErrors(string file)
{
    private readonly List<DocumentError> _errors = [];

    /// <summary>True when something was wrong.</summary>
    public bool Any => _errors.Count > 0;

    /// <summary>All of them in the file's order.</summary>
    public IReadOnlyList<DocumentError> InOrder => [.. _errors.OrderBy(static e => e.Line).ThenBy(static e => e.Column)];

    /// <summary>Reports what is wrong with a node.</summary>
    public void Add(DocumentNode at, string message) => _errors.Add(new DocumentError(file, at.Line, at.Column, message));

    /// <summary>Reports an error that was found elsewhere.</summary>
    public void Add(DocumentError error) => _errors.Add(error);
}
