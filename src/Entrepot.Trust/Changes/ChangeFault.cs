namespace Entrepot.Trust.Changes;

/// <summary>Why something can't be done with a change.</summary>
public enum ChangeFault
{
    /// <summary>There is no such change.</summary>
    NotFound,

    /// <summary>The document is changed by approved changes only.</summary>
    NeedsApproval,

    /// <summary>The change was not approved.</summary>
    NotApproved,

    /// <summary>Its time, or that of its approval, is over.</summary>
    Expired,

    /// <summary>The document is not the one any more that the change was made from.</summary>
    Superseded,

    /// <summary>It was applied or rejected, or is being applied.</summary>
    Closed,

    /// <summary>Nobody approves, rejects or reviews what it did itself.</summary>
    OwnChange,

    /// <summary>Only a person who is signed in may do this, no token.</summary>
    NoPerson,

    /// <summary>There is nothing to review.</summary>
    NothingToReview,

    /// <summary>What is kept of the change is not what was approved.</summary>
    Tampered,

    /// <summary>The document would be what it is.</summary>
    Unchanged,

    /// <summary>The document is too long.</summary>
    TooLarge,

    /// <summary>Too many changes wait.</summary>
    TooMany,

    /// <summary>No reason, or one that can't be kept.</summary>
    Reason,

    /// <summary>This network has no such document.</summary>
    NoDocument,

    /// <summary>The glass need not be broken: the document needs no approval.</summary>
    NoApprovalNeeded,

    /// <summary>The document holds errors.</summary>
    Invalid,

    /// <summary>The document could not be written.</summary>
    Unwritable,
}
