//! How accounts are printed: a line each for people and scripts, or JSON.

use std::{collections::BTreeSet, io::Write};

use serde_json::{Value, json};

use crate::{
    cli::{Failure, Global, on_accounts::Answer, print},
    control::{AccountView, ImportCounts, ImportedRowView},
};

/// One account, on a line.
pub(super) fn account(global: &Global, account: &AccountView) -> Result<(), Failure> {
    if global.json {
        print(serde_json::to_string_pretty(account)?)
    } else {
        print(as_line(account))
    }
}

/// One account, with everything there is to say.
pub(super) fn in_full(global: &Global, account: &AccountView) -> Result<(), Failure> {
    if global.json {
        return print(serde_json::to_string_pretty(account)?);
    }
    let AccountView { id, email, username, name, surname, role, status, .. } = account;
    let last_login = account.last_login_at.as_deref().unwrap_or("never");
    let created = &account.created_at;
    print(format_args!(
        "id          {id}\nname        {name} {surname}\ne-mail      {email}\nusername    {username}\n\
         role        {role}\nstatus      {status}\ncreated     {created}\nlast login  {last_login}"
    ))
}

/// Many accounts.
pub(super) fn accounts(global: &Global, accounts: Vec<Value>) -> Result<(), Failure> {
    if global.json {
        return print(serde_json::to_string_pretty(&accounts)?);
    }
    for account in accounts {
        print(as_line(&serde_json::from_value(account)?))?;
    }
    Ok(())
}

fn as_line(account: &AccountView) -> String {
    let AccountView { id, role, username, email, name, surname, status, .. } = account;
    let mark = if status == "disabled" { "\tdisabled" } else { "" };
    format!("{id}\t{role}\t{username}\t{email}\t{name} {surname}{mark}")
}

/// Every row of an import, and how many there were of each kind. Fails when rows were refused, so that a
/// script notices; the others are imported all the same.
pub(super) fn import(global: &Global, Answer { result, items }: Answer) -> Result<(), Failure> {
    let counts: ImportCounts = serde_json::from_value(result)?;
    let ImportCounts { dry_run, created, refused, existing } = counts;
    if global.json {
        let report = json!({
            "dry_run": dry_run, "rows": items, "created": created, "refused": refused,
            "existing": existing,
        });
        print(serde_json::to_string_pretty(&report)?)?;
    } else {
        for row in items {
            let ImportedRowView { line, outcome, email, errors, .. } = serde_json::from_value(row)?;
            let errors = errors.iter().map(|(field, message)| format!("{field} {message}"));
            let errors = errors.collect::<Vec<_>>().join("; ");
            print(format!("{line}\t{outcome}\t{email}\t{errors}").trim_end())?;
        }
    }
    let made = if dry_run { "would be made" } else { "made" };
    global.say(format_args!("{created} {made}, {existing} there already, {refused} refused"));
    if refused == 0 {
        return Ok(());
    }
    Err(Failure::Verification(format!("rows that were refused: {refused}; each says why")))
}

/// A document of everything about somebody, printed as it comes: nobody keeps all of it in memory.
#[derive(Default)]
pub(super) struct Document {
    /// The list that is being printed.
    list: Option<String>,
    /// The lists that were printed.
    printed: BTreeSet<String>,
    /// The first thing that went wrong.
    failed: Option<Failure>,
}

impl Document {
    /// Prints a thing of a list.
    pub(super) fn item(&mut self, item: Value) {
        if self.failed.is_none() {
            self.failed = self.try_item(item).err();
        }
    }

    fn try_item(&mut self, item: Value) -> Result<(), Failure> {
        let (list, thing): (String, Value) = serde_json::from_value(item)?;
        let before = if self.list.as_ref() == Some(&list) {
            ",\n    ".to_owned()
        } else {
            let name = serde_json::to_string(&list)?;
            let begin = self.next_field();
            self.printed.insert(list.clone());
            self.list = Some(list);
            format!("{begin}{name}: [\n    ")
        };
        put(&before)?;
        put(&serde_json::to_string(&thing)?)
    }

    /// What comes before the name of a field.
    fn next_field(&mut self) -> &'static str {
        match (self.list.take().is_some(), self.printed.is_empty()) {
            (true, _) => "\n  ],\n  ",
            (false, true) => "{\n  ",
            (false, false) => ",\n  ",
        }
    }

    /// Prints what is no list, and the lists that are empty.
    pub(super) fn end(mut self, rest: Value) -> Result<(), Failure> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let Value::Object(rest) = rest else { return print(rest) };
        for (name, value) in rest {
            if !self.printed.contains(&name) {
                let (begin, key) = (self.next_field(), serde_json::to_string(&name)?);
                put(&format!("{begin}{key}: {}", serde_json::to_string(&value)?))?;
                self.printed.insert(name);
            }
        }
        print(if self.list.is_some() { "\n  ]\n}" } else { "\n}" })
    }
}

/// Prints a part of a line.
fn put(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
