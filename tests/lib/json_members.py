# json_members.py MANUAL COMMAND...: asks COMMAND for each subject of
# netmonctl-json(7) and prints whose members are others than it says, if any.
import json, re, subprocess, sys

manual = open(sys.argv[1]).read()
subjects = manual.split(".Sh SUBJECTS\n")[1].split(".Sh OBJECTS\n")[0]
for name, text in re.findall(r"^\.It Cm (\w+)\n((?:[^.].*\n)+)", subjects, re.M):
    said = re.split(r",\s+", text.strip())
    if name in ("host", "history", "compare"):
        continue        # needs one, or a log of it
    words = {"report": ["report", "json"], "why": ["why"]}.get(name, ["show", name])
    out = subprocess.run(sys.argv[2:] + ["-j"] + words, stdout=subprocess.PIPE).stdout
    members = list(json.loads(out))
    # "and transactions where any are kept"
    said = [s for s in said if not s.startswith("and ") or s.split()[1] in members]
    said = ["schema"] + [s.split()[1] if s.startswith("and ") else s for s in said]
    if members != said:
        print(name, "has", " ".join(members), "and not", " ".join(said))
